"""YAML of a ``meta.yaml``: numbers stay text, as conda-build reads them; what is made to blow up is refused."""

import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import yaml

from controller.gateways.v0.faults import TooLargeError, V0Error
from controller.gateways.v0.plain_yaml import NotPlainError, read_plain

_LONGEST = 2_000_000
_DEEPEST = 40
_NODES = 100_000
"""Values that a recipe may hold, every use of an alias counted."""
_MERGED = 20_000
"""Entries that ``<<`` may bring into the mappings of one document."""
_NESTED = re.compile(r"(?:[-?:][ \t]+){8,}|^[ \t]{200,}", re.MULTILINE)
_BRACKET = re.compile(r"[\[\]{}]")
_TAGS = ("int", "float", "timestamp", "value")
_MERGE = "tag:yaml.org,2002:merge"
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C where PyYAML has it: ten times as fast."""


class _DataLoader(_Base):  # type: ignore[misc]
    """Bounds what ``<<`` brings in: PyYAML copies it before anybody can look at it."""

    merged = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put what ``<<`` names before the mapping's own entries, which win; of several the first wins."""
        merges = [value for key, value in node.value if key.tag == _MERGE]
        if not merges:
            return
        node.value = [(key, value) for key, value in node.value if key.tag != _MERGE]
        brought = [pair for value in merges for part in reversed(_parts(value)) for pair in self._pairs(part)]
        node.value = brought + node.value

    def _pairs(self, node: yaml.Node) -> list[Any]:
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, "`<<` takes mappings alone", node.start_mark)
        self.flatten_mapping(node)
        self.merged += len(node.value)
        if self.merged > _MERGED:
            raise TooLargeError(f"`<<` brings in more than {_MERGED} entries.", line=node.start_mark.line + 1)
        return list(node.value)


def _parts(node: yaml.Node) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]


class _Loader(_DataLoader):
    """conda-build's ``StringifyNumbersLoader``: ``version: 1.10`` is "1.10"; here dates stay text as well."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[-1] not in _TAGS]
        for first, resolvers in _Base.yaml_implicit_resolvers.items()
    }


for _tag in (*_TAGS, "binary"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Base.construct_yaml_str)


def read_yaml(text: str) -> dict[str, Any]:
    """The mapping that ``text`` holds. Raises V0Error; its line counts within ``text``."""
    document = _read(text, _Loader)
    if not isinstance(document, dict):
        raise V0Error("it holds no mapping.", remedy="A meta.yaml starts with `package:`.")
    return document


def read_data(text: str) -> Any:
    """Any YAML, with numbers as numbers. Raises V0Error."""
    return _Tree().of(_read(text, _DataLoader), 0)


def _read(text: str, loader: Any) -> Any:
    if len(text) > _LONGEST:
        raise TooLargeError(f"it has {len(text)} characters.")
    try:
        if loader is _Loader:
            try:
                return read_plain(text, _DEEPEST)
            except NotPlainError:
                pass
        if _NESTED.search(text) or _has_many_brackets(text):
            _refuse_deep(text)
        return yaml.load(text, Loader=loader)  # noqa: S506 -- safe loaders, with fewer resolvers
    except yaml.YAMLError as error:
        raise _said(error) from error
    except RecursionError as error:
        raise TooLargeError("it is nested too deeply.") from error
    except UnicodeError as error:
        raise V0Error("it holds half of a character (a surrogate).", remedy="Write the character out.") from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise V0Error(f"its YAML cannot be read: a value does not go with its tag: {error}.") from error


def _has_many_brackets(text: str) -> bool:
    """Whether more brackets may be open at once than a recipe needs; those in texts and scripts count as well."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth = depth + 1 if bracket[0] in "[{" else max(depth - 1, 0)
        if depth > _DEEPEST:
            return True
    return False


def _refuse_deep(text: str) -> None:
    """By its events, which nothing nests for: loading calls itself for each level until the process dies."""
    depth = 0
    events: Iterator[Any] = yaml.parse(text, Loader=_Loader)
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise TooLargeError("it is nested too deeply.", line=event.start_mark.line + 1)


class _Tree:
    """A copy without aliases: what names itself many times over would take for ever to compare or print."""

    def __init__(self) -> None:
        self.left = _NODES

    def of(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if depth > _DEEPEST or self.left < 0:
            raise TooLargeError(f"it holds more than {_NODES} values, or is nested more than {_DEEPEST} deep.")
        if isinstance(value, dict):
            return {self.key(key): self.of(entry, depth + 1) for key, entry in value.items()}
        if isinstance(value, set):
            value = sorted(value, key=str)  # its own order differs from one process to the next
        if isinstance(value, list | tuple):
            return [self.of(entry, depth + 1) for entry in value]
        return self.scalar(value)

    def key(self, key: Any) -> Any:
        return key

    def scalar(self, value: Any) -> Any:
        return value


def finished(document: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """A copy without aliases in which ``change`` was applied to every text. Raises TooLargeError for a bomb."""
    copied = _Texts(change).of(document, 0)
    return copied if isinstance(copied, dict) else {}


class _Texts(_Tree):
    def __init__(self, change: Callable[[str], str]) -> None:
        super().__init__()
        self.change = change

    def key(self, key: Any) -> str:
        return self.change(key) if isinstance(key, str) else str(key)

    def scalar(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.change(value)
        return value if value is None or isinstance(value, bool) else str(value)


_PLAINLY = (
    ("mapping values are not allowed", "a second `: ` stands on the line; put the value in quotes"),
    ("did not find expected key", "the indentation is wrong, or a quote is open"),
    ("expected <block end>", "the indentation is wrong, or a quote is open"),
    ("did not find expected '-' indicator", "a list stops here without its indentation ending"),
    ("cannot start any token", "a value starts with a tab, @, ` or %; use blanks, or quotes"),
    ("found a tab character", "a tab stands where only blanks may"),
    ("could not find expected ':'", "a key is without its `:`, or a quote is not closed"),
    ("found unexpected end of stream", "a quote is not closed"),
    ("did not find expected node content", "a value in `[` or `{` is missing or starts with a sign; put it in quotes"),
    ("found undefined alias", "`*` starts a value that nothing is named after; put it in quotes"),
    ("did not find expected alphabetic or numeric", "`*` or `&` starts a value; put it in quotes"),
    ("could not determine a constructor", "`!` starts a value; put it in quotes"),
    ("did not find expected ',' or", "a `[` or `{` is not closed; close it, or put the value in quotes"),
)
"""What PyYAML finds, and what it means to whoever wrote the line."""


def _said(error: yaml.YAMLError) -> V0Error:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or error)
    context = getattr(error, "context", None)
    meaning = next((sentence for start, sentence in _PLAINLY if start in problem), None)
    said = meaning or problem + (f" {context}" if context else "")
    what = f"its YAML cannot be read: {said.strip().rstrip('.')}."
    return V0Error(what, line=mark.line + 1 if mark is not None else None)
