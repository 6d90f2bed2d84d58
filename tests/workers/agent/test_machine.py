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
