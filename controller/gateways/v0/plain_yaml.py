"""YAML as nearly all recipes have it, without anchors, tags and merges: built from the parser's events, twice as fast.

Nothing nests deeper here than is counted, so that no guard has to look at the text before.
"""

from typing import Any

import yaml
from yaml.events import MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent

_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
"""What YAML 1.1 takes for a flag or for nothing; every other plain word stays text."""


class NotPlainError(Exception):
    """It has an anchor, a tag, a merge, a key that is no text, several documents, or is nested too deeply."""


def read_plain(text: str, deepest: int) -> Any:
    """What ``text`` holds. Raises NotPlainError, and YAMLError for what is no YAML."""
    parser = _Parser(text)
    try:
        return _Builder(parser.get_event, deepest).document()
    finally:
        parser.dispose()


class _Builder:
    def __init__(self, get_event: Any, deepest: int) -> None:
        self.get, self.left = get_event, deepest + 1

    def document(self) -> Any:
        self.get()  # of the stream
        if not isinstance(self.get(), yaml.DocumentStartEvent):
            raise NotPlainError
        found = self.value(self.get())
        self.get()  # of the document
        if not isinstance(self.get(), yaml.StreamEndEvent):
            raise NotPlainError
        return found

    def value(self, event: Any) -> Any:
        if type(event) is ScalarEvent:
            if event.anchor or event.tag:
                raise NotPlainError
            text = event.value
            return _WORDS.get(text, text) if event.implicit[0] and text in _WORDS else text
        if isinstance(event, yaml.AliasEvent) or event.anchor or event.tag or not self.left:
            raise NotPlainError
        self.left -= 1
        found = self.mapping() if isinstance(event, MappingStartEvent) else self.sequence(event)
        self.left += 1
        return found

    def mapping(self) -> dict[Any, Any]:
        found = {}
        while type(event := self.get()) is not MappingEndEvent:
            if type(event) is not ScalarEvent or (event.value == "<<" and event.implicit[0]):
                raise NotPlainError
            key = self.value(event)
            found[key] = self.value(self.get())
        return found

    def sequence(self, event: Any) -> list[Any]:
        if type(event) is not SequenceStartEvent:
            raise NotPlainError
        found = []
        while type(event := self.get()) is not SequenceEndEvent:
            found.append(self.value(event))
        return found
