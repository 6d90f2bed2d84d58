"""What each system brings along, as data: its libraries, its processors, and the oldest release still in use."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

FORMATS = {"linux": "elf", "osx": "macho", "win": "pe"}
MACHINES = {
    "linux-32": "I386", "linux-64": "X86_64", "linux-aarch64": "AARCH64", "linux-armv6l": "ARM",
    "linux-armv7l": "ARM", "linux-ppc64le": "PPC64", "linux-riscv64": "RISCV", "linux-s390x": "S390",
    "osx-64": "X86_64", "osx-arm64": "ARM64", "win-32": "I386", "win-64": "AMD64", "win-arm64": "ARM64",
}  # fmt: skip
"""LIEF's words; a subdir that is not here is not held to a processor."""
DEVICES = frozenset({"CUDA", "AMDGPU", "BPF", "INTEL205", "NONE"})
"""ELF files for other things than the machine's own processor: data of whoever loads them there."""

GLIBC = (
    "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libresolv.so.2",
    "libanl.so.1", "libnsl.so.1", "libmvec.so.1", "libBrokenLocale.so.1", "libthread_db.so.1", "libnss_*.so.2",
    "ld-linux*.so.*", "ld64.so.*", "libcrypt.so.1",
)  # fmt: skip
LINUX = (
    *GLIBC,
    *("libcuda.so.1", "libnvidia-*.so.*", "libnvcuvid.so.1", "libnvoptix.so.1", "libcudadebugger.so.1"),
)
"""Beside glibc what comes with the driver of a graphics card, and with nothing else."""
MACOS = ("/usr/lib/*", "/System/Library/*", "/opt/X11/*")
WINDOWS = (
    "api-ms-win-*.dll", "ext-ms-win-*.dll", "ucrtbase.dll", "msvcrt.dll", "ntdll.dll", "advapi32.dll", "avrt.dll",
    "authz.dll", "avicap32.dll", "bcrypt.dll", "bcryptprimitives.dll", "cabinet.dll", "cfgmgr32.dll", "comctl32.dll",
    "comdlg32.dll", "credui.dll", "crypt32.dll", "cryptbase.dll", "cryptnet.dll", "d2d1.dll", "d3d9.dll", "d3d10.dll",
    "d3d11.dll", "d3d12.dll", "d3dcompiler_47.dll", "dbghelp.dll", "dhcpcsvc.dll", "dnsapi.dll", "dsound.dll",
    "dwmapi.dll", "dwrite.dll", "dxgi.dll", "dxva2.dll", "fwpuclnt.dll", "gdi32.dll", "gdiplus.dll", "glu32.dll",
    "hid.dll", "httpapi.dll", "imagehlp.dll", "imm32.dll", "iphlpapi.dll", "kernel32.dll", "kernelbase.dll",
    "ktmw32.dll", "mf.dll", "mfplat.dll", "mfreadwrite.dll", "mpr.dll", "msacm32.dll", "mscoree.dll", "msi.dll",
    "msimg32.dll", "mswsock.dll", "msvfw32.dll", "ncrypt.dll", "netapi32.dll", "normaliz.dll", "nsi.dll",
    "odbc32.dll", "odbccp32.dll", "ole32.dll", "oleacc.dll", "oleaut32.dll", "opengl32.dll", "pdh.dll", "powrprof.dll",
    "propsys.dll", "psapi.dll", "rpcrt4.dll", "secur32.dll", "setupapi.dll", "shcore.dll", "shell32.dll",
    "shlwapi.dll", "sspicli.dll", "synchronization.dll", "traffic.dll", "urlmon.dll", "user32.dll", "userenv.dll",
    "usp10.dll", "uxtheme.dll", "version.dll", "webauthn.dll", "wevtapi.dll", "winhttp.dll", "wininet.dll",
    "winmm.dll", "winspool.drv", "wintrust.dll", "winusb.dll", "wldap32.dll", "wlanapi.dll", "ws2_32.dll",
    "wsock32.dll", "wtsapi32.dll", "xinput1_4.dll", "xinput9_1_0.dll", "nvcuda.dll", "nvml.dll",
)  # fmt: skip
"""What a clean Windows 10 has; the list of conda-build is among it. The last two come with a driver."""
SYSTEM = {"elf": LINUX, "macho": MACOS, "pe": WINDOWS}

BASELINES = {
    "linux-64": ("__glibc", "2.17"), "linux-32": ("__glibc", "2.17"), "linux-aarch64": ("__glibc", "2.17"),
    "linux-ppc64le": ("__glibc", "2.17"), "linux-s390x": ("__glibc", "2.17"), "linux-armv6l": ("__glibc", "2.28"),
    "linux-armv7l": ("__glibc", "2.28"), "linux-riscv64": ("__glibc", "2.28"),
    "osx-64": ("__osx", "10.13"), "osx-arm64": ("__osx", "11.0"),
}  # fmt: skip
"""The virtual package that a system goes by and the oldest release in use; conda-forge's own floors."""
RUNTIMES = ("vc14_runtime", "vs2015_runtime")
"""Packages that ask for a C runtime of Windows by the version of its linker."""
RUNTIME_LIBRARIES = ("vcruntime140*.dll", "msvcp140*.dll", "concrt140.dll", "vcomp140.dll")

_OTHER_SYSTEMS = re.compile(r"(^|/)(sysroot|[a-z0-9_]+-(conda|unknown|apple|pc|w64)[a-z0-9_.-]*)/")
_LIBRARY_FOLDERS = ("lib", "lib64", "Library/lib")
_PROGRAM_FOLDERS = ("", "bin", "sbin", "Scripts", "Library/bin", "Library/usr/bin", "Library/mingw-w64/bin", "DLLs")


@dataclass(frozen=True, slots=True)
class Target:
    """What the binaries of a subdir must be."""

    subdir: str

    @property
    def format(self) -> str:
        """``elf``, ``macho`` or ``pe``; empty for ``noarch``."""
        return FORMATS.get(self.subdir.split("-", maxsplit=1)[0], "")

    @property
    def machine(self) -> str:
        """LIEF's word; empty where none is known."""
        return MACHINES.get(self.subdir, "")

    @property
    def baseline(self) -> tuple[str, str]:
        """The virtual package of the system and its oldest release; empty where there is none."""
        return BASELINES.get(self.subdir, ("", ""))

    def has(self, library: str) -> bool:
        """Whether the system brings ``library``; of macOS the whole install name, of the others the file's name."""
        name = library.lower() if self.format == "pe" else library
        return matches(name, SYSTEM.get(self.format, ()))


def matches(name: str, patterns: Sequence[str]) -> bool:
    """As a recipe's globs do: ``*`` crosses folders, and ``**/`` may stand for none."""
    return any(fnmatchcase(name, p) or (p.startswith("**/") and fnmatchcase(name, p[3:])) for p in patterns)


def is_of_another_system(path: str) -> bool:
    """Whether a file lies in the system root of a (cross) compiler."""
    return bool(_OTHER_SYSTEMS.search(path))


def is_program_folder(path: str) -> bool:
    """Whether programs in the folder of ``path`` are there to be run; elsewhere they are somebody's data."""
    return path.rpartition("/")[0] in _PROGRAM_FOLDERS


def is_library_folder(path: str) -> bool:
    """Whether loaders look for libraries in the folder of ``path``."""
    return path.rpartition("/")[0] in _LIBRARY_FOLDERS


@cache
def glibc_symbols() -> frozenset[str]:
    """What glibc offers, without versions: what a library may take without asking for it, since it is always there."""
    text = (Path(__file__).parent / "glibc.txt").read_text(encoding="ascii")
    return frozenset(name for line in text.splitlines() if not line.startswith("#") for name in line.split())


def version(text: str) -> tuple[int, ...]:
    """``2.17`` as numbers; what is no number ends it."""
    numbers = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(map(int, numbers[0].split("."))) if numbers else ()


def least(spec: str) -> str:
    """The lowest version that ``>=2.17,<3.0.a0`` and the like allow; empty where they name none."""
    found = re.search(r">=?\s*(\d[\d.]*\d|\d)", spec) or re.match(r"\s*[=~]{0,2}\s*(\d[\d.]*\d|\d)", spec)
    return found[1] if found else ""
