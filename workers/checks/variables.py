"""The variables that a test script may rely on.

They are those that conda-build's ``environ.py`` and rattler-build's test runner set; where the two differ, it is
rattler-build's that counts, because it builds here. Nothing else of the worker's environment reaches a test but
what a program needs to run at all, and the ways to the network.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.checks.archives import Archive
from workers.checks.environments import Environment

_PASSED = frozenset(
    {
        *("PATH", "TZ", "USER", "LOGNAME", "SHELL", "TERM", "DISPLAY", "NUMBER_OF_PROCESSORS"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SDKROOT", "DEVELOPER_DIR"),
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "OS", "PUBLIC", "ALLUSERSPROFILE"),
        *("PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432", "PROGRAMDATA", "COMMONPROGRAMFILES"),
        *("COMMONPROGRAMFILES(X86)", "PROCESSOR_ARCHITECTURE", "PROCESSOR_IDENTIFIER"),
    }
)
_LANGUAGES = frozenset({"perl", "lua", "r", "numpy", "python", "ruby", "nodejs"})
_LIBRARY_ENDS = {"win": ".dll", "osx": ".dylib"}
_MACHINES = {"64": "x86_64", "32": "i686", "aarch64": "aarch64", "ppc64le": "powerpc64le", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a test runs: its environment, its folder, the rooms that are its own, and this machine's subdir."""

    environment: Environment
    tools: Environment | None
    folder: Path
    home: Path
    scratch: Path
    reports: Path
    subdir: str


def variables_of(archive: Archive, scene: Scene, own: Mapping[str, str]) -> dict[str, str]:
    """The variables of a test script, before activation; ``own`` is the worker's environment."""
    passed = {name: value for name, value in own.items() if name in _PASSED or name.upper() in _PASSED}
    return (
        passed | _variant(archive) | _rooms(scene) | _system(scene) | _package(archive, scene)
        | _languages(scene.environment, scene.subdir)
    )  # fmt: skip


def _variant(archive: Archive) -> dict[str, str]:
    """The variant that the package was built with, as ``info/hash_input.json`` keeps it."""
    said = archive.json("info/hash_input.json")
    known = {str(key).replace("-", "_").replace(".", "_"): value for key, value in (said or {}).items()}
    return {key: str(value) for key, value in known.items() if key.lower() not in _LANGUAGES and value is not None}


def _rooms(scene: Scene) -> dict[str, str]:
    home, scratch, prefix = str(scene.home), str(scene.scratch), str(scene.environment.prefix)
    homes = ("USERPROFILE", "APPDATA", "LOCALAPPDATA") if scene.subdir.startswith("win-") else ()
    tools = {"BUILD_PREFIX": str(scene.tools.prefix)} if scene.tools else {}
    return tools | dict.fromkeys(homes, home) | {
        "HOME": home,
        "TMPDIR": scratch, "TMP": scratch, "TEMP": scratch,
        "PREFIX": prefix, "CONDA_DEFAULT_ENV": prefix, "SRC_DIR": str(scene.folder),
        "FARM_TEST_REPORTS": str(scene.reports),
    }  # fmt: skip


def _package(archive: Archive, scene: Scene) -> dict[str, str]:
    index, subdir = archive.index, str(archive.index["subdir"])
    number = str(index.get("build_number", 0))
    return {
        "CONDA_BUILD": "1", "CONDA_BUILD_STATE": "TEST", "CONDA_BUILD_CROSS_COMPILATION": "0",
        "PKG_NAME": archive.name, "PKG_VERSION": str(index["version"]), "PKG_BUILDNUM": number,
        "PKG_BUILD_NUMBER": number, "PKG_BUILD_STRING": str(index["build"]),
        "SUBDIR": subdir, "target_platform": subdir, "host_platform": scene.subdir, "build_platform": scene.subdir,
    }  # fmt: skip


def _system(scene: Scene) -> dict[str, str]:
    system, _, machine = scene.subdir.partition("-")
    prefix = scene.environment.prefix
    same = {
        "ARCH": machine, "CPU_COUNT": str(os.cpu_count() or 1), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
        "PYTHONNOUSERSITE": "1", "SHLIB_EXT": _LIBRARY_ENDS.get(system, ".so"),
    }  # fmt: skip
    return same | (_windows(prefix) if system == "win" else _posix(prefix, system, machine))


def _windows(prefix: Path) -> dict[str, str]:
    library = prefix / "Library"
    return {
        "SCRIPTS": str(prefix / "Scripts"), "LIBRARY_PREFIX": str(library), "LIBRARY_BIN": str(library / "bin"),
        "LIBRARY_INC": str(library / "include"), "LIBRARY_LIB": str(library / "lib"),
        "BUILD": "amd64-pc-windows-19.0.0",
    }  # fmt: skip


def _posix(prefix: Path, system: str, machine: str) -> dict[str, str]:
    same = {"PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig"), "CMAKE_GENERATOR": "Unix Makefiles"}
    known = _MACHINES.get(machine, machine)
    if system == "osx":
        arm = machine == "arm64"
        build = "arm64-apple-darwin20.0.0" if arm else "x86_64-apple-darwin13.4.0"
        return same | {"OSX_ARCH": known, "MACOSX_DEPLOYMENT_TARGET": "11.0" if arm else "10.9", "BUILD": build}
    distribution = "cos6" if machine in {"64", "32"} else "cos7"
    return same | {"LD_RUN_PATH": str(prefix / "lib"), "BUILD": f"{known}-conda_{distribution}-linux-gnu"}


def _languages(environment: Environment, subdir: str) -> dict[str, str]:
    """What is said of the languages that the environment has."""
    prefix, windows = environment.prefix, subdir.startswith("win-")
    found = {"PYTHON": str(prefix / ("python.exe" if windows else "bin/python"))}
    if python := environment.record_of("python"):
        found |= _python(python, prefix, windows=windows)
    if numpy := environment.record_of("numpy"):
        found |= {"NPY_VER": _short(numpy), "NPY_DISTUTILS_APPEND_FLAGS": "1"}
    if perl := environment.record_of("perl"):
        found |= {"PERL": str(prefix / ("Library/bin/perl.exe" if windows else "bin/perl")), "PERL_VER": _short(perl)}
    if lua := environment.record_of("lua"):
        found |= {"LUA": str(prefix / ("Library/bin/lua.exe" if windows else "bin/lua")), "LUA_VER": _short(lua)}
    if r_base := environment.record_of("r-base"):
        program = "Scripts/R.exe" if windows else "bin/R"
        found |= {"R": str(prefix / program), "R_VER": str(r_base.version), "R_USER": str(prefix / "Libs" / "R")}
    return found


def _python(record: Any, prefix: Path, *, windows: bool) -> dict[str, str]:
    version = _short(record)
    library = prefix / "Lib" if windows else prefix / "lib" / f"python{version}"
    modules = getattr(record, "python_site_packages_path", None)
    return {
        "PY_VER": version, "CONDA_PY": version.replace(".", ""), "PY3K": str(int(version.startswith("3"))),
        "STDLIB_DIR": str(library), "SP_DIR": str(prefix / modules if modules else library / "site-packages"),
    }  # fmt: skip


def _short(record: Any) -> str:
    """The first two parts of a version."""
    return ".".join(str(record.version).split(".")[:2])
