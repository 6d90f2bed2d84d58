"""The environment that a package is installed in: who owns which file, and each library read at most once."""

import json
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workers.checks.binaries import Binary, kind_of, read_binary
from workers.checks.linkage_package import Checked, depends_of


@dataclass(frozen=True, slots=True)
class Record:
    """One installed package."""

    name: str
    depends: Mapping[str, str]
    files: tuple[str, ...]


@dataclass(slots=True)
class Environment:
    """An installed environment, and the package that it was made for. Paths are within the prefix, with ``/``.

    ``before`` hears of every file before it is read; ``skip`` are files that took a reader down, with what happened.
    """

    prefix: Path
    package: Checked
    records: Mapping[str, Record]
    before: Callable[[str], None] = lambda _path: None
    skip: Mapping[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(init=False, default_factory=dict)
    reachable: Mapping[str, frozenset[str]] = field(init=False)
    """Package that the run dependencies bring to those of them that do; a dependency is brought by itself."""
    _roots: frozenset[str] = field(init=False)
    _named: dict[str, list[str]] = field(init=False, default_factory=dict)
    _read: dict[str, Binary | None] = field(init=False, default_factory=dict)
    _names: dict[str, frozenset[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        places = {self.prefix.as_posix(), self.prefix.resolve().as_posix(), *self.package.placeholders.values()}
        self._roots = frozenset(places)
        for record in self.records.values():
            for path in record.files:
                self._own(path, record.name)
        for file in sorted(self.package.folder.rglob("*")):
            name = file.relative_to(self.package.folder).as_posix()
            if not name.startswith("info/") and (file.is_symlink() or file.is_file()):
                self._own(name, self.package.name)
        self.reachable = _reach(self.records, self.package)

    def _own(self, path: str, name: str) -> None:
        if path not in self.owners:
            self._named.setdefault(self.fold(posixpath.basename(path)), []).append(path)
        self.owners[path] = name

    def fold(self, name: str) -> str:
        """File names as the target's loader compares them."""
        return name.lower() if self.package.target.format == "pe" else name

    def named(self, name: str) -> list[str]:
        """Files of that name: those of the package first, then those of its dependencies, then all others; among
        these ``lib`` first.
        """
        return sorted(self._named.get(self.fold(name), ()), key=self._nearness)

    def _nearness(self, path: str) -> tuple[int, bool, int, str]:
        owner = self.owners[path]
        far = 0 if owner == self.package.name else 1 if owner in self.reachable else 2
        return far, not path.startswith(("lib/", "Library/bin/")), path.count("/"), path

    def at(self, folder: str, name: str) -> str:
        """The path of the file ``name`` in ``folder``; empty where no package has one."""
        wanted = self.fold(folder)
        found = (p for p in self._named.get(self.fold(name), ()) if self.fold(posixpath.dirname(p)) == wanted)
        return next(found, "")

    def is_brought(self, path: str) -> bool:
        """Whether the package itself or its run dependencies bring the file at ``path``."""
        owner = self.owners[path]
        return owner == self.package.name or owner in self.reachable

    def programs(self) -> list[str]:
        """Files that may be programs of the package and of what it depends on by name, interpreters first."""
        own = {self.package.name, *self.package.depends}
        found = [p for p, owner in self.owners.items() if owner in own and posixpath.dirname(p) in {"bin", "sbin"}]
        return sorted(found, key=lambda path: (not path.startswith("bin/python"), self._nearness(path)))

    def libraries(self) -> list[str]:
        """Files that go by a library's name, of the package and its dependencies, nearest first."""
        found = [path for path in self.owners if is_library_name(path) and self.is_brought(path)]
        return sorted(found, key=self._nearness)

    def names(self, path: str) -> frozenset[str]:
        """What the library at ``path`` offers, without versions."""
        if path not in self._names:
            binary = self.read(path)
            offered = binary.exported if binary else ()
            self._names[path] = frozenset(symbol.partition("@")[0] for symbol in offered)
        return self._names[path]

    def folder(self, absolute: str) -> str | None:
        """A folder given with its whole path as one of the prefix; None where it is none."""
        for root in self._roots:
            if absolute == root or absolute.startswith(root + "/"):
                return inside(absolute[len(root) + 1 :])
        return None

    def read(self, path: str) -> Binary | None:
        """What the file at ``path`` tells; None for what is no binary or cannot be read, and for an empty path."""
        if path not in self._read:
            self._read[path] = self._read_now(path)
        return self._read[path]

    def _read_now(self, path: str) -> Binary | None:
        if not path:
            return None
        if path in self.skip:
            self.unreadable[path] = self.skip[path]
            return None
        real = next((place for place in (self.prefix / path, self.package.folder / path) if place.is_file()), None)
        kind = kind_of(real) if real else ""
        if not real or not kind:
            return None
        self.before(path)
        try:
            return read_binary(real, path, kind, self.package.target.machine)
        except Exception as error:  # noqa: BLE001 -- whatever a parser stumbles over is the file's own
            self.unreadable[path] = str(error)[:300] or type(error).__name__
            return None


def open_environment(package: Checked, prefix: Path) -> Environment:
    """Raises OSError or ValueError where the prefix has no readable records, or none of the package."""
    records: dict[str, Record] = {}
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        files = tuple(str(file).replace("\\", "/") for file in found.get("files", ()))
        records[found["name"]] = Record(found["name"], depends_of(found.get("depends", ())), files)
    if package.name not in records:
        raise ValueError(f"{package.name} is not installed in {prefix}: install it there with its dependencies first")
    return Environment(prefix, package, records)


def inside(path: str) -> str | None:
    """``path`` without its detours; None where it leaves the folder it is in. The folder itself is empty."""
    normal = posixpath.normpath(path or ".")
    if normal.startswith(("/", "../")) or normal == "..":
        return None
    return "" if normal == "." else normal


def _reach(records: Mapping[str, Record], package: Checked) -> dict[str, frozenset[str]]:
    brought: dict[str, set[str]] = {}
    for first in package.depends:
        todo, seen = [first], {package.name}
        while todo:
            name = todo.pop()
            if name in records and name not in seen:
                seen.add(name)
                brought.setdefault(name, set()).add(first)
                todo.extend(records[name].depends)
    return {name: frozenset(by) for name, by in brought.items()}


def is_library_name(path: str) -> bool:
    """Whether a file goes by the name of a library, on whatever system."""
    name = posixpath.basename(path).lower()
    return name.endswith((".so", ".dylib", ".dll", ".pyd", ".bundle")) or ".so." in name
