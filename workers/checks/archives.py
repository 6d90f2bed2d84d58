"""What a package file says of itself in ``info/``, read without unpacking the rest."""

import asyncio
import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

_LARGEST = 256 << 20
"""Bytes of ``info/`` that are taken in; it holds the test files of old packages."""
_WANTED = ("info/test/", "info/tests/", "info/recipe/meta.yaml", "info/recipe/recipe/")
_ALWAYS = ("info/index.json", "info/paths.json", "info/hash_input.json", "info/files")


class BadPackageError(Exception):
    """The file is no package that can be tested."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A package file and what its ``info/`` says."""

    path: Path
    info: Mapping[str, bytes]
    """Paths within the package to contents, of what tests need."""
    index: Mapping[str, Any]
    sha256: str

    @property
    def spec(self) -> str:
        """The one file that this is, as a requirement."""
        name, version, build = (self.index[key] for key in ("name", "version", "build"))
        return f'{name}[version="=={version}", build="{build}", sha256="{self.sha256}"]'

    @property
    def file_name(self) -> str:
        """Name, version and build, as in the file's name."""
        return "-".join(str(self.index[key]) for key in ("name", "version", "build"))

    @property
    def name(self) -> str:
        """The package's name."""
        return str(self.index["name"])

    @property
    def depends(self) -> tuple[str, ...]:
        """What it needs to run."""
        return tuple(map(str, self.index.get("depends", ())))

    def json(self, path: str) -> Any:
        """A JSON document of ``info/``; None where it is missing. Raises BadPackageError."""
        return _document(self.info[path], path) if path in self.info else None

    def write(self, folder: str, target: Path) -> bool:
        """Write the files below ``folder`` of the package to ``target``; whether there were any."""
        inside = {path: data for path, data in self.info.items() if path.startswith(f"{folder}/")}
        for path, data in inside.items():
            file = target / path.removeprefix(f"{folder}/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return bool(inside)

    def can_be_unpacked(self, scratch: Path) -> bool:
        """Whether all of it can be read; nothing is left in ``scratch``."""
        from rattler.package_streaming import extract

        try:
            extract(self.path, scratch)
        except Exception:  # noqa: BLE001 -- rattler has many words for a broken file
            return False
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return True


def read_folder(folder: Path, sha256: str) -> Archive:
    """The same of a package that lies unpacked. Raises BadPackageError."""
    paths = [path for path in (folder / "info").rglob("*") if path.is_file() and not path.is_symlink()]
    named = {path.relative_to(folder).as_posix(): path for path in paths}
    info = {name: path.read_bytes() for name, path in named.items() if name.startswith((*_WANTED, *_ALWAYS))}
    return Archive(folder, info, _index(info), sha256)


def open_archive(path: Path) -> Archive:
    """Read a package file's ``info/``. Raises BadPackageError."""
    try:
        info = asyncio.run(_read(path))
    except OSError as error:
        raise BadPackageError(str(error).strip()) from error
    except Exception as error:
        if not type(error).__module__.startswith(("rattler", "exceptions")):
            raise
        raise BadPackageError(str(error).strip()) from error
    with path.open("rb") as file:
        return Archive(path, info, _index(info), hashlib.file_digest(file, "sha256").hexdigest())


def _index(info: Mapping[str, bytes]) -> dict[str, Any]:
    index = _document(info.get("info/index.json", b""), "info/index.json")
    if not isinstance(index, dict) or not {"name", "version", "build", "subdir"} <= index.keys():
        raise BadPackageError("its info/index.json lacks what every package says")
    return index


async def _read(path: Path) -> dict[str, bytes]:
    from rattler.package_streaming import PackageArchive

    archive = await PackageArchive.from_path(path)
    found: dict[str, bytes] = {}
    left = _LARGEST
    async for entry in archive.stream("info"):
        if entry.is_file and entry.name.startswith((*_WANTED, *_ALWAYS)) and _inside(entry.name):
            left -= entry.size
            if left < 0:
                raise BadPackageError(f"its info/ has more than {_LARGEST} bytes")
            found[entry.name] = await entry.read()
    return found


def _inside(name: str) -> bool:
    return ".." not in PurePosixPath(name).parts and "\\" not in name


def _document(data: bytes, path: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadPackageError(f"its {path} is no JSON: {error}") from error
