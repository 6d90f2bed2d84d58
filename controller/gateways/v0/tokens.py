"""Where Jinja stands in a text, found in linear time whatever the text is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from controller.gateways.v0.faults import TooLargeError

_OPENING = re.compile(r"\{[{%#]")
_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
_PIECE = re.compile(r"\"(?:[^\"\\]|\\.)*(?:\"|\Z)|'(?:[^'\\]|\\.)*(?:'|\Z)|%\}|[(\[{]|[)\]}]", re.DOTALL)
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*(?:\"|\Z)|'(?:[^'\\]|\\.)*(?:'|\Z)", re.DOTALL)
"""A string that nothing closes goes to the end: looking for its end again from each quote takes for ever."""
_NAME = re.compile(r"(?<![.\w])[A-Za-z_]\w*")
_LONGEST = 20_000
"""The longest in public trees has 3,514 characters."""
_AHEAD = 2_000


@dataclass(frozen=True, slots=True)
class Token:
    """One ``{{ }}``, ``{% %}`` or ``{# #}`` and where it stands."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=8)  # a recipe's text is asked for twice or three times in a row
def tokens(text: str) -> tuple[Token, ...]:
    """Everything of Jinja in a text. Raises TooLargeError for a token that no recipe has."""
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    at, open_ended = 0, set[str]()
    while opening := _OPENING.search(text, at):
        kind, start = opening[0], opening.start()
        end = -1 if kind in open_ended else _end(text, opening.end(), kind)
        if end < 0:
            open_ended.add(kind)
            at = start + 1
            continue
        if end - start > _LONGEST and kind != "{#":
            line = text.count("\n", 0, start) + 1
            raise TooLargeError(f"an expression of Jinja has {end - start} characters.", line=line)
        yield Token(text[start:end], start, end)
        at = end


def _end(text: str, start: int, kind: str) -> int:
    closing = _CLOSING[kind]
    end = text.find(closing, start) + 2
    inside = text[start : end - 2]
    if end < 2 or kind == "{#" or not any(mark in inside for mark in "'\"{"):
        return end if end >= 2 else -1
    return _careful_end(text, start, closing) or end


def _careful_end(text: str, start: int, closing: str) -> int | None:
    """As Jinja sees it: what closes a token closes none within a string or a mapping."""
    depth = 0
    for piece in _PIECE.finditer(text, start, start + _AHEAD):
        if depth <= 0 and text.startswith(closing, piece.start()):
            return piece.start() + 2
        depth += (piece[0] in "([{") - (piece[0] in ")]}")
    return None


@lru_cache(maxsize=16_384)
def names_in(token: str) -> frozenset[str]:
    """Every name that a token speaks of; attributes of names are none, and neither is what stands in strings."""
    if token.startswith("{#"):
        return frozenset()
    if "env" in token:  # then what stands in strings are names as well: environ["PREFIX"]
        return frozenset(_NAME.findall(token))
    return frozenset(_NAME.findall(_STRING.sub(" '' ", token)))
