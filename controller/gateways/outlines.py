"""Recipe texts as outlines with line numbers: YAML for both formats, with Jinja and selectors left unread."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from controller.gateways.layouts import RECIPE
from controller.gateways.recipes import Recipe
from controller.gateways.variant_files import PinFile as PinText
from controller.planning.lints.written import Node, PinFile, Written

_MOST = 100_000
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_EXPRESSION = re.compile(r"(?<!\$)\{\{.*?\}\}")


def written(recipe: Recipe) -> Written:
    """The text of a recipe, and of the pin files beside it."""
    old = recipe.file != RECIPE
    beside = () if recipe.recipe == "." else [pin for pin in recipe.pins if _parent(pin.name) == recipe.recipe]
    found = outline(_text(recipe.folder / recipe.file), old=old)
    return Written(recipe.recipe, recipe.path, old, found, tuple(_pin_file(pin) for pin in beside))


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


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


def _pin_file(pin: PinText) -> PinFile:
    found = outline(pin.text.decode("utf-8", "replace"), old=False) or Node(1)
    groups = [group for key, value in found.keyed if key == "zip_keys" for group in _groups(value)]
    return PinFile(pin.name, tuple((key, value.line) for key, value in found.keyed), tuple(groups))


def _groups(zipped: Node) -> list[tuple[str, ...]]:
    """A list of lists; conda-build takes one list for one group."""
    lists = [entry for entry in zipped.listed if entry.listed] or [zipped]
    return [tuple(key.text for key in entry.listed) for entry in lists]
