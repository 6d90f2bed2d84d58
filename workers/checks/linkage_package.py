"""What an unpacked package says of itself: its name, its dependencies, its allow lists, the folders of its build."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workers.checks.binaries import find_binaries
from workers.checks.linkage_rules import Strictness
from workers.checks.linkage_systems import Target

_RECIPES = ("info/recipe/rendered_recipe.yaml", "info/recipe/meta.yaml")
"""What rattler-build and conda-build write: by machine, a list always one item a line."""
_LIBRARIES = ("missing_dso_allowlist", "missing_dso_whitelist")
_RPATHS = ("rpath_allowlist", "runpath_allowlist", "runpath_whitelist")
_FOLDERS = re.compile(r"^    (?:host_prefix|build_prefix|work_dir|build_dir): (?P<path>.+)$", re.MULTILINE)
_ITEM = re.compile(r"^(?P<indent> *)- (?P<text>.*)$")


@dataclass(frozen=True, slots=True)
class Checked:
    """The package that is looked at."""

    folder: Path
    name: str
    target: Target
    depends: Mapping[str, str]
    """Name of a run dependency to what is asked of it; of several for one name the texts one after the other."""
    allowed_libraries: tuple[str, ...] = ()
    allowed_rpaths: tuple[str, ...] = ()
    strictness: Strictness = field(default_factory=Strictness)
    build_folders: tuple[str, ...] = ()
    """Where it was built, as far as it says so; the shortest first."""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """File to the prefix in it that installing replaces."""

    def binaries(self) -> Iterator[tuple[str, str]]:
        """Path and format of each program and library, ``info/`` left out."""
        for path, kind in find_binaries(self.folder):
            name = path.relative_to(self.folder).as_posix()
            if not name.startswith("info/"):
                yield name, kind


def read_package(folder: Path) -> Checked:
    """Raises OSError or ValueError where ``folder`` is no unpacked package."""
    index = json.loads((folder / "info/index.json").read_text(encoding="utf-8"))
    recipe = "\n".join(_text(folder / path) for path in _RECIPES)
    folders = {_plain(found["path"]) for found in _FOLDERS.finditer(recipe)}
    return Checked(
        folder, index["name"], Target(index.get("subdir", "noarch")), depends_of(index.get("depends", ())),
        allowed_libraries=_lists(recipe, _LIBRARIES), allowed_rpaths=_lists(recipe, _RPATHS),
        strictness=Strictness(_is_error(recipe, "overlinking"), _is_error(recipe, "overdepending")),
        build_folders=tuple(sorted((f for f in folders if len(f) > 8), key=lambda path: (len(path), path))),
        placeholders=_placeholders(folder),
    )  # fmt: skip


def depends_of(depends: Sequence[str]) -> dict[str, str]:
    """``["libfoo >=1.2,<2 h1_0"]`` as ``{"libfoo": ">=1.2,<2 h1_0"}``."""
    asked: dict[str, str] = {}
    for spec in depends:
        found = re.match(r"\s*(?:[^\s\[]*::)?(?P<name>[\w.-]+)\s*(?P<rest>.*)", spec)
        if found:
            name = found["name"].lower()
            asked[name] = f"{asked.get(name, '')} {found['rest']}".strip()
    return asked


def _placeholders(folder: Path) -> dict[str, str]:
    document: Any = json.loads(_text(folder / "info/paths.json") or "{}")
    return {e["_path"]: e["prefix_placeholder"] for e in document.get("paths", ()) if e.get("prefix_placeholder")}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _lists(recipe: str, keys: Sequence[str]) -> tuple[str, ...]:
    """The items of every list that goes by one of ``keys``, an ``exclude`` left out."""
    items: list[str] = []
    depth, within = 0, False
    for line in recipe.splitlines():
        indent, text = len(line) - len(line.lstrip(" ")), line.strip()
        if within and text and (indent < depth or (indent == depth and not text.startswith("- "))):
            within = False
        if text.removesuffix(":") in keys and text.endswith(":"):
            depth, within = indent, True
        elif within and text == "exclude:":
            within = False
        elif within and (found := _ITEM.match(line)):
            items.append(_plain(found["text"]))
    return tuple(items)


def _is_error(recipe: str, what: str) -> bool:
    return bool(re.search(rf"^ +{what}_behavior: error$", recipe, re.MULTILINE))


def _plain(text: str) -> str:
    """A scalar of YAML as it was meant."""
    if text.startswith("'") and text.endswith("'"):
        return text[1:-1].replace("''", "'")
    return str(json.loads(text)) if text.startswith('"') and text.endswith('"') else text
