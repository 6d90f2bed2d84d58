"""The command line as a person types it, against a controller that has state."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.controller.cli.fake_controller import FakeController, answering


@dataclass(frozen=True)
class Typed:
    """What a command did."""

    code: int
    out: str
    err: str


Type = Callable[..., Typed]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Type:
    """Type a command in an empty folder, with nothing of this machine's environment."""
    for name in ("FARM_SERVER", "FARM_TOKEN", "FARM_DATA", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FARM_USER", "eva")
    monkeypatch.chdir(tmp_path)

    def type_it(*words: object) -> Typed:
        from controller.cli import entry

        monkeypatch.setattr(sys, "argv", ["farm", *map(str, words)])
        code = 0
        try:
            entry.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return Typed(code, said.out, said.err)

    return type_it


@pytest.fixture
def fake() -> Iterator[FakeController]:
    with answering() as controller:
        yield controller


@pytest.fixture
def asked(typed: Type, fake: FakeController, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Commands that find the fake controller."""
    monkeypatch.setenv("FARM_SERVER", fake.url)
    monkeypatch.setenv("FARM_TOKEN", fake.token)
    return typed
