"""``farm worker run``: the worker takes this process's place, told what a farm beside it left."""

import os
from pathlib import Path

import pytest

from controller.cli.data_folder import leave_note
from controller.cli.worker import found_beside
from controller.gateways.broker import EmbeddedBroker

from .conftest import Type


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    lines: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda _program, line, environment: lines.append((line, environment)))
    return lines


def test_every_option_is_the_workers_own(typed: Type, started: list[tuple[list[str], dict[str, str]]]) -> None:
    typed("worker", "run", "--server", "http://farm:8440", "--pool", "auto", "--help")
    ((line, _),) = started
    assert line[1:] == ["-m", "workers.agent", "run", "--server", "http://farm:8440", "--pool", "auto", "--help"]


def test_beside_a_farm_nothing_need_be_said(
    typed: Type, started: list[tuple[list[str], dict[str, str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_note(tmp_path, "http://127.0.0.1:8440")
    monkeypatch.setenv("FARM_WORK_DIR", "/srv/work")
    typed("--data", tmp_path, "worker", "run")
    ((_, environment),) = started
    assert environment["FARM_SERVER"] == "http://127.0.0.1:8440"
    assert environment["FARM_WORKER_TOKEN_FILE"] == str(tmp_path / "worker-token")
    assert environment["FARM_WORK_DIR"] == "/srv/work"


def test_the_embedded_broker_is_found_while_it_runs(tmp_path: Path) -> None:
    assert found_beside(tmp_path) == {}
    leave_note(tmp_path, "http://127.0.0.1:8440")
    broker = EmbeddedBroker(tmp_path)
    broker.ensure()
    assert found_beside(tmp_path)["FARM_BROKER"] == broker.url
    broker.stop()
    assert "FARM_BROKER" not in found_beside(tmp_path)
