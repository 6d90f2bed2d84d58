"""Recipe texts as outlines with line numbers: YAML for both formats, with Jinja and selectors left unread."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from controller.gateways.recipes import VARIANT_FILES
from controller.gateways.rendering import RECIPE_FILE
from controller.planning.lints.written import Node, PinFile, Written

OLD_FILE = "meta.yaml"
_MOST = 100_000
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_EXPRESSION = re.compile(r"(?<!\$)\{\{.*?\}\}")


def written(root: Path, recipe: str) -> Written:
    """The text of the recipe in a folder below ``root``; of the new format where both are there."""
    folder = root / recipe
    old = format_of(root, recipe) == "v0"
    path = folder / (OLD_FILE if old else RECIPE_FILE)
    own = () if recipe == "." else VARIANT_FILES
    pins = tuple(_pin_file(root, folder / name) for name in own if (folder / name).is_file())
    return Written(recipe, path.relative_to(root).as_posix(), old, outline(_text(path), old=old), pins)


def format_of(root: Path, recipe: str) -> str:
    """``v1`` where the folder has a recipe.yaml, else ``v0``."""
    return "v1" if (root / recipe / RECIPE_FILE).is_file() else "v0"


def outline(text: str, *, old: bool) -> Node | None:
    """The outline of a text; None where it is no YAML mapping. Of an old recipe every Jinja branch is told.

    A key has the line it stands on, an item of a list its own.
    """
    try:
        root = yaml.compose(_without_jinja(text) if old else text, Loader=_Loader)
        return _node(root, 1, itertools.count()) if isinstance(root, yaml.MappingNode) else None
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _without_jinja(text: str) -> str:
    """Statements blanked, line for line; expressions kept as text that YAML takes for a plain word."""
    blanked = _STATEMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    return _EXPRESSION.sub(lambda found: _plain(found[0]), blanked)


def _plain(expression: str) -> str:
    """Angles for braces, and nothing inside that could end the text it stands in."""
    return f"<{re.sub('[^0-9A-Za-z_(),.=<>| -]', '', expression[2:-2])}>"


def _node(node: yaml.Node, line: int, told: Iterator[int]) -> Node:
    """Raises ValueError when ``told`` counts too many: aliases can make a short text endless."""
    if next(told) > _MOST:
        raise ValueError("too many nodes")
    if isinstance(node, yaml.MappingNode):
        pairs = [(str(key.value), key.start_mark.line + 1, value) for key, value in node.value]
        return Node(line, keyed=tuple((key, _node(value, place, told)) for key, place, value in pairs))
    if isinstance(node, yaml.SequenceNode):
        return Node(line, listed=tuple(_node(item, item.start_mark.line + 1, told) for item in node.value))
    return Node(line, text=str(node.value))


def _pin_file(root: Path, path: Path) -> PinFile:
    found = outline(_text(path), old=False) or Node(1)
    groups = [group for key, value in found.keyed if key == "zip_keys" for group in _groups(value)]
    keys = tuple((key, value.line) for key, value in found.keyed)
    return PinFile(path.relative_to(root).as_posix(), keys, tuple(groups))


def _groups(zipped: Node) -> list[tuple[str, ...]]:
    """A list of lists; conda-build takes one list for one group."""
    lists = [entry for entry in zipped.listed if entry.listed] or [zipped]
    return [tuple(key.text for key in entry.listed) for entry in lists]
