"""YAML of a ``meta.yaml``: numbers stay text, as conda-build reads them; what is made to blow up is refused."""

import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import yaml

from controller.gateways.v0.faults import TooLargeError, V0Error

_LONGEST = 2_000_000
_DEEPEST = 40
_NODES = 100_000
"""Values that a recipe may hold, every use of an alias counted."""
_NESTED = re.compile(r"(?:[-?:][ \t]+){40,}")
_BRACKET = re.compile(r"[\[\]{}]")
_TAGS = ("int", "float", "timestamp", "value")
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C where PyYAML has it: ten times as fast."""


class _Loader(_Base):  # type: ignore[misc]
    """conda-build's ``StringifyNumbersLoader``: ``version: 1.10`` is "1.10"; here dates stay text as well."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[-1] not in _TAGS]
        for first, resolvers in _Base.yaml_implicit_resolvers.items()
    }


def read_yaml(text: str) -> dict[str, Any]:
    """The mapping that ``text`` holds. Raises V0Error; its line counts within ``text``."""
    if len(text) > _LONGEST:
        raise TooLargeError(f"it has {len(text)} characters.")
    nested = _NESTED.search(text)
    if nested:
        raise TooLargeError("it is nested too deeply.", line=text.count("\n", 0, nested.start()) + 1)
    try:
        if _has_many_brackets(text):
            _refuse_deep(text)
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 -- a safe loader with fewer resolvers
    except yaml.YAMLError as error:
        raise _said(error) from error
    except (RecursionError, ValueError, TypeError) as error:
        raise V0Error(f"its YAML cannot be read: {error}.") from error
    if not isinstance(document, dict):
        raise V0Error("it holds no mapping.", remedy="A meta.yaml starts with `package:`.")
    return document


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


def finished(document: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """A copy without aliases in which ``change`` was applied to every text. Raises TooLargeError for a bomb."""
    copied = _Copy(change).of(document, 0)
    return copied if isinstance(copied, dict) else {}


class _Copy:
    def __init__(self, change: Callable[[str], str]) -> None:
        self.change, self.left = change, _NODES

    def of(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if depth > _DEEPEST or self.left < 0:
            raise TooLargeError(f"it holds more than {_NODES} values, or is nested more than {_DEEPEST} deep.")
        if isinstance(value, str):
            return self.change(value)
        if isinstance(value, dict):
            return {self._key(key): self.of(entry, depth + 1) for key, entry in value.items()}
        if isinstance(value, list | tuple | set):
            return [self.of(entry, depth + 1) for entry in value]
        return value if value is None or isinstance(value, bool) else str(value)

    def _key(self, key: Any) -> str:
        return self.change(key) if isinstance(key, str) else str(key)


def _said(error: yaml.YAMLError) -> V0Error:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    context = getattr(error, "context", None)
    what = f"its YAML cannot be read: {problem}" + (f" {context}" if context else "")
    return V0Error(f"{what.strip().rstrip('.')}.", line=mark.line + 1 if mark is not None else None)
