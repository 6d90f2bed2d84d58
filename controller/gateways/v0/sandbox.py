"""Jinja's sandbox, made safe for recipes of strangers: nothing outside is reached, and nothing grows without bound.

Jinja's own sandbox keeps templates from Python's internals and bounds ``range``. It does not bound nested loops,
recursive macros, doubled text or padding; that is added here. What is left (comparing lists that contain themselves
many times over) is bounded by the deadline of the process that reads.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter
from typing import Any, NoReturn, cast

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from controller.gateways.v0.faults import TooLargeError

LARGEST = 2_000_000
"""Characters that any text may have, and entries that any list may have."""
_TURNS = 100_000
"""Turns of all loops and calls of all macros of one recipe."""
_PIECES = 10_000
"""Parts that a list or mapping may have when it is turned into text."""
_WIDE = re.compile(r"\d{4,}|\*")
_PADDING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})
_GROWING = frozenset({"replace", "join", "extend", "append", "insert", "translate"})
_FILTERS = (
    "abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "int", "items", "last", "length",
    "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "round", "select", "selectattr", "sort",
    "sum", "title", "trim", "unique", "upper",
)  # fmt: skip
TURN, CONCAT = "__turn__", "__concat__"


@lru_cache(maxsize=1)
def sandbox() -> "Sandbox":
    """The one environment; it holds no state of any recipe."""
    environment = Sandbox(undefined=StrictUndefined, cache_size=0, autoescape=False, finalize=text_of)
    own: dict[str, Callable[..., Any]] = {"replace": _replace, "join": _join, "string": text_of, "bounded": _bounded}
    environment.filters = {name: environment.filters[name] for name in _FILTERS} | own
    environment.globals = {name: environment.globals[name] for name in ("range", "dict", "namespace")}
    return environment


@dataclass(slots=True)
class Turns:
    """Counts the turns of the loops and macros of one rendering."""

    taken: int = 0

    def take(self) -> str:
        """One turn more."""
        self.taken += 1
        if self.taken > _TURNS:
            raise TooLargeError(f"its loops and macros take more than {_TURNS} turns.")
        return ""


def guard(tree: nodes.Template) -> nodes.Template:
    """Let loops and macros count their turns, and whatever joins text look at its length."""
    environment = sandbox()
    turning: tuple[type[nodes.For | nodes.Macro | nodes.CallBlock], ...] = (nodes.For, nodes.Macro, nodes.CallBlock)
    for node in list(tree.find_all(turning)):
        call = nodes.Call(nodes.Name(TURN, "load"), [], [], None, None)
        node.body.insert(0, nodes.Output([call]).set_lineno(node.lineno))
    for block in tree.find_all(nodes.AssignBlock):
        bounded = nodes.Filter(block.filter, "bounded", [], [], None, None)
        block.filter = cast("nodes.Filter", bounded.set_lineno(block.lineno))
    _replace_concats(tree)
    tree.set_environment(environment)
    return tree


def _replace_concats(node: nodes.Node) -> None:
    for name, value in list(node.iter_fields()):
        if isinstance(value, list):
            setattr(node, name, [_without_concat(entry) for entry in value])
        else:
            setattr(node, name, _without_concat(value))


def _without_concat(value: Any) -> Any:
    if not isinstance(value, nodes.Node):
        return value
    _replace_concats(value)
    if isinstance(value, nodes.Concat):
        called = nodes.Name(CONCAT, "load")
        return nodes.Call(called, value.nodes, [], None, None).set_lineno(value.lineno)
    return value


def concat(*parts: object) -> str:
    """What ``~`` does, within bounds."""
    return str(_bounded("".join([text_of(part) for part in parts])))


def text_of(value: object) -> str:
    """A value as Jinja prints it. Raises SecurityError for a structure too large to print."""
    if isinstance(value, list | tuple | dict | set):
        _count(value, [_PIECES])
    return str(value)


def _count(value: object, left: list[int]) -> None:
    left[0] -= 1
    if left[0] < 0:
        raise SecurityError("a structure that large")
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set):
        for entry in value:
            _count(entry, left)


class Sandbox(SandboxedEnvironment):
    """Refuses what would take the machine's memory."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Operators, within bounds."""
        if operator == "**" and not (_small(left, 10_000) and _small(right, 64)):
            raise SecurityError("a power that large")
        if operator == "*" and not _modest_product(left, right):
            raise SecurityError("a product that large")
        if operator == "%" and isinstance(left, str):
            _admit_pattern(left, right)
        return _bounded(super().call_binop(context, operator, left, right))

    def call(self, context: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Calls, within bounds."""
        owner = getattr(function, "__self__", None)
        if isinstance(owner, str | list):
            _admit_method(owner, getattr(function, "__name__", ""), args)
        return _bounded(super().call(context, function, *args, **kwargs))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """``str.format`` as the sandbox does it, without wide padding."""
        wrapped = super().wrap_str_format(value)
        if wrapped is not None:
            _admit_fields(str(value.__self__))
        return wrapped


def _small(value: object, bound: int) -> bool:
    return isinstance(value, int | float) and abs(value) <= bound


def _modest_product(left: object, right: object) -> bool:
    for text, times in ((left, right), (right, left)):
        if isinstance(text, str | bytes | list | tuple):
            return isinstance(times, int) and len(text) * times <= _TURNS
    return all(not isinstance(value, int) or abs(value) < 2**256 for value in (left, right))


def _admit_pattern(pattern: str, given: object) -> None:
    for part in re.findall(r"%([^a-zA-Z%]*)", pattern):
        if _WIDE.search(part):
            raise SecurityError("padding that wide")
    text_of(given)


def _admit_fields(pattern: str) -> None:
    for _, _, spec, _ in Formatter().parse(pattern):
        if spec and ("{" in spec or _WIDE.search(spec)):
            raise SecurityError("padding that wide")


def _admit_method(owner: str | list[Any], name: str, arguments: tuple[Any, ...]) -> None:
    if name in _PADDING and not (arguments and _small(arguments[0], 1_000)):
        raise SecurityError("padding that wide")
    longest = max((len(entry) for entry in arguments if isinstance(entry, str | list | tuple)), default=1)
    if name in _GROWING and (len(owner) + 1) * max(1, longest) > LARGEST:
        raise SecurityError("text that large")


def _bounded(value: Any) -> Any:
    if isinstance(value, str | bytes | list | tuple) and len(value) > LARGEST:
        raise SecurityError("text that large")
    return value


def _replace(text: object, old: object, new: object, count: int = -1) -> str:
    owner, before, after = text_of(text), text_of(old), text_of(new)
    if (len(owner) + 1) * max(1, len(after)) > LARGEST:
        raise SecurityError("text that large")
    return owner.replace(before, after, count)


def _join(value: Iterable[object], separator: str = "") -> str:
    parts = [text_of(part) for part in value]
    if sum(map(len, parts)) + len(parts) * len(separator) > LARGEST:
        raise SecurityError("text that large")
    return separator.join(parts)


def refuse(what: str) -> Callable[..., NoReturn]:
    """A function that says why a recipe may not call it."""

    def refused(*_: object, **__: object) -> NoReturn:
        raise SecurityError(what)

    return refused
