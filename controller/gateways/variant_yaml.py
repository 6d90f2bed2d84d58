"""YAML of variant files: every scalar is the text that was written, every value knows its line, and nothing is deep.

It is read from events: PyYAML's own composers call themselves for each level, and end the process when a hostile
file has some thousands of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from controller.gateways.pins import PinError

LONGEST = 1_000_000
_DEEPEST = 12
_EVENTS = 200_000
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(slots=True)
class Value:
    """A scalar's text, or the values within; a mapping's keys and values by turns."""

    line: int
    text: str | None = None
    within: list["Value"] = field(default_factory=list)
    mapping: bool = False

    def pairs(self) -> Iterator[tuple["Value", "Value"]]:
        """Of a mapping."""
        return zip(self.within[::2], self.within[1::2], strict=True)


def decoded(data: bytes) -> str:
    """The text of a variant file. Raises PinError."""
    if len(data) > LONGEST:
        raise PinError(
            f"it has {len(data)} bytes; more than {LONGEST} are refused.",
            remedy="Leave out what no recipe uses, or generate the file smaller.",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PinError("it is no UTF-8 text.", line=line, remedy="Save it as UTF-8.") from error


def read_values(text: str) -> Value:
    """The first value of ``text``. Raises PinError; lines count from 1 within ``text``."""
    reading = _Reading()
    try:
        events: Iterator[Any] = yaml.parse(text, Loader=_Loader)
        for number, event in enumerate(events):
            line = event.start_mark.line + 1
            if number > _EVENTS:
                raise PinError(f"it holds more than {_EVENTS} values.", line=line)
            reading.take(event, line)
    except yaml.YAMLError as error:
        raise _said(error) from error
    return reading.root or Value(1, "")


@dataclass(slots=True)
class _Reading:
    root: Value | None = None
    open: list[tuple[Value, str | None]] = field(default_factory=list)
    anchors: dict[str, Value] = field(default_factory=dict)

    def take(self, event: Any, line: int) -> None:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise PinError(f"*{event.anchor} stands for nothing before it.", line=line)
            self._add(self.anchors[event.anchor], line)
        elif isinstance(event, yaml.ScalarEvent):
            self._close(Value(line, event.value), event.anchor, line)
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(self.open) == _DEEPEST:
                raise PinError("it is nested too deeply for a variant file.", line=line)
            self.open.append((Value(line, mapping=isinstance(event, yaml.MappingStartEvent)), event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            value, anchor = self.open.pop()
            self._close(value, anchor, line)

    def _close(self, value: Value, anchor: str | None, line: int) -> None:
        if anchor:
            self.anchors[anchor] = value
        self._add(value, line)

    def _add(self, value: Value, line: int) -> None:
        if self.open:
            self.open[-1][0].within.append(value)
        elif self.root is None:
            self.root = value
        else:
            raise PinError("it holds a second document.", line=line, remedy="Put each document into its own file.")


def _said(error: yaml.YAMLError) -> PinError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or error).strip().rstrip(".")
    return PinError(f"its YAML cannot be read: {problem}.", line=mark.line + 1 if mark else None)
