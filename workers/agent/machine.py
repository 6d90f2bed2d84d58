"""What this machine offers, in the contract's words; the same questions on Linux, macOS and Windows."""

import ctypes
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from workers.contract.platforms import Machine

_SUBDIRS = {
    ("linux", "x86_64"): "linux-64",
    ("linux", "aarch64"): "linux-aarch64",
    ("linux", "ppc64le"): "linux-ppc64le",
    ("linux", "riscv64"): "linux-riscv64",
    ("linux", "s390x"): "linux-s390x",
    ("darwin", "arm64"): "osx-arm64",
    ("darwin", "x86_64"): "osx-64",
    ("win32", "amd64"): "win-64",
    ("win32", "arm64"): "win-arm64",
}

_VIRTUAL = """
import json
from rattler import GenericVirtualPackage, VirtualPackage
found = [package.into_generic() for package in VirtualPackage.detect()]
print(json.dumps([f"{p.name.normalized}={p.version}={p.build_string}" for p in found]))
"""


class UnknownMachineError(Exception):
    """No conda subdir is known for this machine."""


def native_subdir(system: str = sys.platform, processor: str = "") -> str:
    """The conda subdir whose programs run here. Raises UnknownMachineError."""
    named = (processor or platform.machine()).lower()
    try:
        return _SUBDIRS[system, named]
    except KeyError:
        raise UnknownMachineError(f"No conda subdir is known for {system} on {named}.") from None


def describe(work: Path, virtual_packages: tuple[str, ...], labels: tuple[str, ...] = (), gpus: int = 0) -> Machine:
    """This machine now. ``virtual_packages`` and ``gpus`` are asked for once, by the functions below."""
    return Machine(
        subdir=native_subdir(),
        host=platform.node(),
        system=f"{platform.system()} {platform.release()}",
        cores=os.cpu_count() or 1,
        memory_bytes=memory_bytes(),
        disk_free_bytes=shutil.disk_usage(work).free,
        python=platform.python_version(),
        virtual_packages=virtual_packages,
        labels=labels,
        gpus=gpus,
    )


def detect_virtual_packages() -> tuple[str, ...]:
    """Virtual packages as ``name=version=build``, asked of py-rattler in a process of its own.

    So the worker itself never holds that library: it would cost memory for ever. Empty if it cannot be asked.
    """
    done = subprocess.run([sys.executable, "-c", _VIRTUAL], capture_output=True, text=True, check=False, timeout=60)
    return tuple(json.loads(done.stdout)) if done.returncode == 0 else ()


def count_gpus() -> int:
    """GPUs that NVIDIA's driver knows; 0 where it is not there, or does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    try:
        done = subprocess.run([program, "-L"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines()) if done.returncode == 0 else 0


def memory_bytes() -> int:
    """Physical memory; 0 if the system does not say."""
    ask: Callable[[], int] = {"win32": _memory_of_windows, "darwin": _memory_of_macos}.get(
        sys.platform, _memory_of_posix
    )
    try:
        return ask()
    except (OSError, ValueError, AttributeError, subprocess.SubprocessError):
        return 0


def _memory_of_posix() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _memory_of_macos() -> int:
    done = subprocess.run(["/usr/sbin/sysctl", "-n", "hw.memsize"], capture_output=True, text=True, check=True)
    return int(done.stdout)


class _MemoryStatus(ctypes.Structure):
    """``MEMORYSTATUSEX`` as documented for GlobalMemoryStatusEx."""

    _fields_ = (
        ("dwLength", ctypes.c_ulong),
        ("dwMemoryLoad", ctypes.c_ulong),
        *(
            (name, ctypes.c_ulonglong)
            for name in ("total", "free", "page", "page_free", "virtual", "virtual_free", "extended")
        ),
    )


def _memory_of_windows() -> int:
    status = _MemoryStatus()
    status.dwLength = ctypes.sizeof(status)
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 -- only there on Windows
    return int(status.total) if kernel.GlobalMemoryStatusEx(ctypes.byref(status)) else 0
