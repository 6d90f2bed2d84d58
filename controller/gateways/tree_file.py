"""``farm.toml`` of a recipe tree: what its recipes and pins are where the layout alone does not tell.

A controller's settings have a file of the same name; here only the table ``tree`` counts, and there it does not.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from posixpath import normpath
from typing import Any

from controller.domain.errors import TreeError
from controller.gateways.tree_expected import read_expected
from controller.gateways.tree_needs import read_needs
from controller.gateways.tree_policy import read_policy
from controller.planning.policy import MINIMAL, Policy

TREE_FILE = "farm.toml"
LAYOUTS = ("recipe-dir", "bioconda", "feedstock", "feedstocks", "emscripten-forge", "generated")
_TABLES = ("layout", "recipes", "pins", "environment", "subdirs", "policy", "overrides", "needs", "expected")
_LONGEST = 100_000
_SUBDIR = re.compile(r"[a-z]+-[a-z0-9_]+|noarch")
_PLACE = re.compile(r"\(at line (\d+)")


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """A file of another tree, as it is there at ``rev`` (empty: the default branch)."""

    tree: str
    file: str
    rev: str = ""


@dataclass(frozen=True, slots=True)
class TreeFile:
    """What a tree says of itself; empty where it says nothing."""

    layout: str = ""
    recipes: tuple[str, ...] = ()
    """Folders that hold the recipes."""
    pins: tuple[str | ForeignFile, ...] = ()
    """Variant files of all recipes, in order: later ones win, and what is beside a recipe wins over all."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """All that ``os.environ`` of selectors holds."""
    subdirs: tuple[str, ...] = ()
    """The only subdirs that the tree is for."""
    policy: Policy = MINIMAL
    """What its people want beyond what is forced; all overrides, also those that have ended."""


NO_TREE_FILE = TreeFile()


class TreeFileError(TreeError):
    """The tree's ``farm.toml`` cannot be read. ``line`` counts from 1."""

    def __init__(self, what: str, *, line: int | None = None, remedy: str = "") -> None:
        place = f"{TREE_FILE}, line {line}" if line else TREE_FILE
        super().__init__(f"{place}: {what}", remedy=remedy or "Correct the file and push again.")
        self.file = TREE_FILE
        self.line = line


def read_tree_file(data: bytes) -> TreeFile:
    """The table ``tree`` of the file; tables of others are left alone. Raises TreeFileError."""
    text = _decoded(data)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        what = str(error).partition(" (at")[0].rstrip(".")
        raise TreeFileError(f"it is no TOML: {what}.", line=int(place[1]) if place else None) from error
    except RecursionError as error:
        raise TreeFileError("it is nested too deeply.") from error
    table = document.get("tree", {})
    if not isinstance(table, dict):
        raise TreeFileError("tree is no table.", line=_line(text, "tree"), remedy="Write [tree] on a line of its own.")
    return _Reader(text).read(table)


def _decoded(data: bytes) -> str:
    if len(data) > _LONGEST:
        raise TreeFileError(f"it has {len(data)} bytes; more than {_LONGEST} are refused.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TreeFileError("it is no UTF-8 text.", line=line, remedy="Save it as UTF-8.") from error


@dataclass(frozen=True, slots=True)
class _Reader:
    text: str

    def read(self, table: Mapping[str, Any]) -> TreeFile:
        self._known(table, _TABLES)
        return TreeFile(
            layout=self._layout(table.get("layout", "")),
            recipes=tuple(self._path("recipes", folder) for folder in self._texts("recipes", table)),
            pins=tuple(self._pin(pin) for pin in self._list("pins", table)),
            environment=self._environment(table.get("environment", {})),
            subdirs=tuple(self._subdir(subdir) for subdir in self._texts("subdirs", table)),
            policy=replace(
                read_policy(table.get("policy", {}), table.get("overrides", []), self._refused),
                needs=read_needs(table.get("needs", []), self._refused),
                expected=read_expected(table.get("expected", []), self._refused),
            ),
        )

    def _known(self, table: Mapping[str, Any], keys: tuple[str, ...], within: str = "tree") -> None:
        for key in table:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, 1)
                remedy = f"Did you mean {near[0]}?" if near else f"It may hold {', '.join(keys)}."
                raise self._error(f"{within} has a key {key} that means nothing.", key, remedy)

    def _layout(self, value: Any) -> str:
        if value and value not in LAYOUTS:
            near = difflib.get_close_matches(str(value), LAYOUTS, 1)
            remedy = f"Did you mean {near[0]}?" if near else f"Name one of {', '.join(LAYOUTS)}."
            raise self._error(f"{value} is no layout.", "layout", remedy)
        return str(value or "")

    def _pin(self, value: Any) -> str | ForeignFile:
        if isinstance(value, str):
            return self._path("pins", value)
        if not isinstance(value, dict):
            raise self._error(f"{value} is no variant file.", "pins", "Write its path, or {tree=..., file=...}.")
        self._known(value, ("tree", "rev", "file"), "an entry of pins")
        tree, rev, file = (value.get(key, "") for key in ("tree", "rev", "file"))
        if not all(isinstance(part, str) for part in (tree, rev, file)) or not tree or not file:
            raise self._error("an entry of pins lacks its tree or its file.", "pins", "Name both, as text.")
        return ForeignFile(tree, self._path("pins", file), rev)

    def _environment(self, value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise self._error("environment is no table.", "environment", 'Write environment = {NAME = "value"}.')
        for name, given in value.items():
            if not isinstance(given, str):
                raise self._error(f"{name} is no text.", name, f'Selectors compare text: write {name} = "{given}".')
        return dict(value)

    def _subdir(self, value: str) -> str:
        if not _SUBDIR.fullmatch(value):
            raise self._error(f"{value!r} is no subdir.", "subdirs", "Write subdirs as in linux-64.")
        return value

    def _path(self, key: str, value: str) -> str:
        path = normpath(value) if value else ""
        if not path or path.startswith(("/", "../")) or path == ".." or "\\" in path or "\0" in path:
            raise self._error(f"{value!r} is no path within a tree.", key, "Write it from the tree's root, with /.")
        return path

    def _texts(self, key: str, table: Mapping[str, Any]) -> list[str]:
        for value in self._list(key, table):
            if not isinstance(value, str):
                raise self._error(f"{key} holds {value}, which is no text.", key, f'Write {key} = ["..."].')
        return self._list(key, table)

    def _list(self, key: str, table: Mapping[str, Any]) -> list[Any]:
        value = table.get(key, [])
        if not isinstance(value, list):
            raise self._error(f"{key} is no list.", key, f'Write {key} = ["..."].')
        return value

    def _refused(self, what: str, key: str, remedy: str) -> TreeFileError:
        return self._error(what, key, remedy)

    def _error(self, what: str, key: str, remedy: str) -> TreeFileError:
        return TreeFileError(what, line=_line(self.text, key), remedy=remedy)


def _line(text: str, key: str) -> int | None:
    """The first line from the table ``tree`` on that sets ``key``: the parser tells no lines."""
    lines = text.splitlines()
    table = re.compile(r"\s*\[{1,2}\s*[\"']?tree\b")
    start = next((number for number, line in enumerate(lines) if table.match(line)), 0)
    sets = re.compile(rf"(?:^|[\s,{{.\"'\[]){re.escape(key)}[\"']?\s*(?:[=.\]]|$)")
    found = (number for number, line in enumerate(lines[start:], start + 1) if sets.search(line.partition("#")[0]))
    return next(found, None)
