"""What the texts and lists of a recipe may grow to, and the budget that they are paid from."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from string import Formatter
from typing import Any

from jinja2.exceptions import SecurityError

LARGEST = 2_000_000
"""Characters that any text may have."""
_LONGEST_LIST = 100_000
_BUDGET = 100_000_000
"""Characters of all texts made on the way, and 64 for every entry of a list: about the bytes that they take."""
_PIECES = 10_000
"""Parts that a list or mapping may have when it is turned into text."""
_DEEPEST = 50
_WIDE = re.compile(r"\d{4,}|\*")
_FIELD = re.compile(r"%%|%(?:\([^()]*\))?([^a-zA-Z%]*)")
_PADDING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})
_GROWING = frozenset({"replace", "extend", "append", "insert", "translate"})
_left: ContextVar[list[int] | None] = ContextVar("left of the budget", default=None)


@contextmanager
def budget() -> Iterator[None]:
    """What one rendering may make."""
    token = _left.set([_BUDGET])
    try:
        yield
    finally:
        _left.reset(token)


def text_of(value: object) -> str:
    """A value as Jinja prints it. Raises SecurityError for a structure too large to print."""
    if isinstance(value, list | tuple | dict | set):
        _count(value, [_PIECES, LARGEST])
    return str(value)


def _count(value: object, left: list[int]) -> None:
    left[0] -= 1
    left[1] -= len(value) if isinstance(value, str) else 1
    if min(left) < 0:
        raise SecurityError("it prints a structure that large")
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set):
        for entry in value:
            _count(entry, left)


def whole(value: Any) -> Any:
    """``value``, if it has few enough parts to be compared: what holds itself doubled takes for ever otherwise."""
    left = [_LONGEST_LIST]

    def count(part: object, depth: int) -> None:
        left[0] -= 1
        if left[0] < 0 or depth > _DEEPEST:
            raise SecurityError("a structure that large")
        parts = [*part.keys(), *part.values()] if isinstance(part, dict) else part
        if isinstance(parts, list | tuple | set):
            for entry in parts:
                count(entry, depth + 1)

    count(value, 0)
    return value


def holds_parts(values: Iterable[object]) -> bool:
    """Whether any of them holds others."""
    return any(isinstance(value, list | tuple | set | dict) for value in values)


def small(value: object, bound: int) -> bool:
    """Whether it is a number of at most ``bound``, in size."""
    return isinstance(value, int | float) and abs(value) <= bound


def modest_product(left: object, right: object) -> bool:
    """Whether ``left * right`` is neither a long text nor a huge number."""
    for text, times in ((left, right), (right, left)):
        if isinstance(text, str | bytes | list | tuple):
            return isinstance(times, int) and len(text) * times <= _LONGEST_LIST
    return all(not isinstance(value, int) or abs(value) < 2**256 for value in (left, right))


def admit_pattern(pattern: str, given: object) -> None:
    """``%`` takes names in parentheses, which may hold parentheses: those are refused, as nobody could read them."""
    fields = 0
    for found in _FIELD.finditer(pattern):
        fields += 1
        if "(" in (found[1] or "") or _WIDE.search(found[1] or ""):
            raise SecurityError("padding that wide")
    admit_growth(pattern, fields, given)


def admit_fields(pattern: str) -> int:
    """How many fields a pattern of ``str.format`` has. Raises SecurityError for wide ones."""
    fields = 0
    for _, _, spec, _ in Formatter().parse(pattern):
        fields += 1
        if spec and ("{" in spec or _WIDE.search(spec)):
            raise SecurityError("padding that wide")
    return fields


def admit_growth(pattern: str, fields: int, given: object) -> None:
    """Raise SecurityError if a pattern could become too long with what it is ``given``."""
    if len(pattern) + fields * (len(text_of(given)) + 1_000) > LARGEST:
        raise SecurityError("text that large")


def admit_method(owner: str | list[Any] | dict[Any, Any], name: str, arguments: tuple[Any, ...]) -> None:
    """Raise SecurityError if a method of a text, list or mapping would make something too large."""
    if name in _PADDING and not (arguments and small(arguments[0], 1_000)):
        raise SecurityError("padding that wide")
    longest = max((_length(entry) for entry in arguments), default=1)
    if name in _GROWING and (len(owner) + 1) * max(1, longest) > LARGEST:
        raise SecurityError("text that large")
    if isinstance(owner, list | dict):
        pay(64 * longest)


def _length(value: object) -> int:
    if isinstance(value, dict):
        return max([len(value), *(len(entry) for entry in value.values() if isinstance(entry, str))])
    return len(value) if isinstance(value, str | list | tuple) else 1


def bounded(value: Any) -> Any:
    """``value``, once it was paid for."""
    if isinstance(value, str | bytes):
        if len(value) > LARGEST:
            raise SecurityError("text that large")
        pay(len(value))
    elif isinstance(value, list | tuple | dict | set):
        if len(value) > _LONGEST_LIST:
            raise SecurityError("a list that long")
        pay(64 * (len(value) + 1))
        if isinstance(value, tuple):
            _admit_depth(value, 0)
    return value


def _admit_depth(value: tuple[object, ...], depth: int) -> None:
    if depth > _DEEPEST:
        raise SecurityError("tuples nested that deeply")
    for entry in value:
        if isinstance(entry, tuple):
            pay(64)
            _admit_depth(entry, depth + 1)


def pay(price: int) -> None:
    """Take from the budget. Raises SecurityError when it is used up."""
    left = _left.get()
    if left is not None:
        left[0] -= price
        if left[0] < 0:
            raise SecurityError("so much text on the way")


def paid(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same filter, what it makes paid for."""

    @wraps(function)
    def made(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return _each_paid(result) if isinstance(result, Iterator) else bounded(result)

    return made


def _each_paid(values: Iterator[Any]) -> Iterator[Any]:
    for value in values:
        pay(64)
        yield bounded(value)


def paid_for(values: Iterator[Any]) -> list[Any]:
    """All values, each paid for."""
    return list(_each_paid(values))
