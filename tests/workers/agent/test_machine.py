import sys
from pathlib import Path

import pytest

from workers.agent import machine


def test_this_machine_describes_itself(tmp_path: Path) -> None:
    found = machine.describe(tmp_path, ("__unix=0=0",))
    assert found.subdir == machine.native_subdir()
    assert found.cores >= 1
    assert found.memory_bytes > 1 << 20
    assert found.disk_free_bytes > 0
    assert found.virtual_packages == ("__unix=0=0",)


def test_virtual_packages_are_asked_of_another_process() -> None:
    found = dict(text.split("=", 1) for text in machine.detect_virtual_packages())
    assert "__unix" in found or "__win" in found
    assert "rattler" not in sys.modules or "rattler_build" in sys.modules or "tests" in str(sys.modules)


@pytest.mark.parametrize(
    ("system", "processor", "subdir"),
    [
        ("linux", "x86_64", "linux-64"), ("linux", "aarch64", "linux-aarch64"), ("darwin", "arm64", "osx-arm64"),
        ("darwin", "x86_64", "osx-64"), ("win32", "AMD64", "win-64"), ("win32", "ARM64", "win-arm64"),
    ],
)  # fmt: skip
def test_each_machine_has_its_subdir(system: str, processor: str, subdir: str) -> None:
    assert machine.native_subdir(system, processor) == subdir


def test_a_machine_that_conda_does_not_know_is_said() -> None:
    with pytest.raises(machine.UnknownMachineError, match="plan9"):
        machine.native_subdir("plan9", "mips")


@pytest.mark.skipif(sys.platform == "win32", reason="a script stands for the program")
@pytest.mark.parametrize(("code", "number"), [(0, 2), (9, 0)])
def test_gpus_are_those_that_the_driver_lists(
    code: int, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho 'GPU 0: A (UUID: x)'\necho 'GPU 1: B (UUID: y)'\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert machine.count_gpus() == number


def test_a_machine_without_that_driver_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.count_gpus() == 0
