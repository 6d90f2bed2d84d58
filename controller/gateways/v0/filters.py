"""The filters that a recipe may use: Jinja's own where they do no harm, and others within bounds."""

from collections.abc import Callable, Iterable
from math import ceil, floor
from typing import Any

from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS

from controller.gateways.v0.bounds import LARGEST, admit_pattern, bounded, paid, small, text_of

_OF_JINJA = (
    "abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "int", "items", "last", "length",
    "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "title",
    "trim", "unique", "upper", "urlencode",
)  # fmt: skip


def filters() -> dict[str, Callable[..., Any]]:
    """Every filter by name."""
    own: dict[str, Callable[..., Any]] = {
        "replace": _replace, "join": joined, "string": text_of, "bounded": bounded, "format": _format, "sum": _sum,
        "round": _round,
    }  # fmt: skip
    known: dict[str, Callable[..., Any]] = {name: FILTERS[name] for name in _OF_JINJA}
    return {name: paid(function) for name, function in (known | own).items()}


def _replace(text: object, old: object, new: object, count: int = -1) -> str:
    owner, before, after = text_of(text), text_of(old), text_of(new)
    if (len(owner) + 1) * max(1, len(after)) > LARGEST:
        raise SecurityError("text that large")
    return owner.replace(before, after, count)


def joined(value: Iterable[object], separator: str = "", attribute: str | None = None) -> str:
    """What ``join`` does, within bounds."""
    if attribute is not None:
        raise SecurityError("join by an attribute")
    parts: list[str] = []
    left = LARGEST
    for part in value:
        parts.append(text_of(part))
        left -= len(parts[-1]) + len(separator)
        if left < 0:
            raise SecurityError("text that large")
    return separator.join(parts)


def _format(pattern: object, *args: object, **kwargs: object) -> str:
    """Jinja's ``format``: that of ``%``."""
    given: object = kwargs or args
    admit_pattern(text_of(pattern), given)
    return text_of(pattern) % given


def _sum(values: Iterable[Any], start: float = 0) -> Any:
    total: Any = start
    for value in values:
        if not isinstance(value, int | float) or not isinstance(total, int | float):
            raise SecurityError("a sum of anything but numbers")
        total += value
    return total


def _round(value: float, precision: int = 0, method: str = "common") -> float:
    if not small(precision, 20) or method not in {"common", "ceil", "floor"}:
        raise SecurityError("rounding like that")
    whole = 10**precision
    rounding = {"ceil": ceil, "floor": floor}.get(method)
    return float(rounding(value * whole) / whole) if rounding else float(round(value, precision))
