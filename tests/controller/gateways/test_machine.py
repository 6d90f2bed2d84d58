"""conda's name for this machine."""

import platform
import sys

import pytest

from controller.domain.errors import InvalidInputError
from controller.gateways.machine import native_subdir
from workers.agent import machine


def test_controller_and_worker_call_this_machine_the_same() -> None:
    assert native_subdir() == machine.native_subdir()


@pytest.mark.parametrize(
    ("system", "processor", "subdir"),
    [
        ("linux", "x86_64", "linux-64"), ("linux", "aarch64", "linux-aarch64"), ("darwin", "arm64", "osx-arm64"),
        ("win32", "AMD64", "win-64"),
    ],
)  # fmt: skip
def test_each_machine_has_its_subdir(system: str, processor: str, subdir: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: processor)
    assert native_subdir() == subdir


def test_a_machine_that_conda_has_no_name_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    with pytest.raises(InvalidInputError, match="FARM_SUBDIRS"):
        native_subdir()
