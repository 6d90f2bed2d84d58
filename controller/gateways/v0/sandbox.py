"""Jinja's sandbox, made safe for recipes of strangers: nothing outside is reached, and nothing grows without bound.

Jinja's own sandbox keeps templates from Python's internals and bounds ``range``. It does not bound nested loops,
recursive macros, doubled text or padding; that is added here: every text and list that is made is paid from a budget.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, update_wrapper
from types import MappingProxyType
from typing import Any, NoReturn, cast

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from controller.gateways.v0.bounds import (
    admit_fields,
    admit_growth,
    admit_method,
    admit_pattern,
    bounded,
    holds_parts,
    modest_product,
    paid_for,
    small,
    text_of,
    whole,
)
from controller.gateways.v0.faults import TooLargeError, V0Error
from controller.gateways.v0.filters import filters, joined

_TURNS = 100_000
"""Turns of all loops and calls of all macros of one recipe."""
_STEPS = 1_000_000
"""The same, each counted with what stands in its body."""
_REFUSED = frozenset({"encode", "from_bytes", "maketrans", "strftime", "to_bytes"})
TURN, CONCAT, TUPLE, WHOLE = "__turn__", "__concat__", "__tuple__", "__whole__"


@lru_cache(maxsize=1)
def sandbox() -> "Sandbox":
    """The one environment; it holds no state of any recipe."""
    environment = Sandbox(undefined=StrictUndefined, cache_size=0, autoescape=False, finalize=text_of)
    environment.filters = filters()
    environment.globals = {name: environment.globals[name] for name in ("range", "dict", "namespace")}
    return environment


@dataclass(slots=True)
class Turns:
    """Counts the turns of the loops and macros of one rendering."""

    taken: int = 0
    steps: int = 0

    def take(self, steps: int = 1) -> str:
        """One turn more, of a body with so many steps."""
        self.taken += 1
        self.steps += steps
        if self.taken > _TURNS or self.steps > _STEPS:
            raise TooLargeError("its loops and macros take too many turns.")
        return ""


def guard(tree: nodes.Template) -> nodes.Template:
    """Let loops and macros count their turns, and whatever joins text look at its length."""
    environment = sandbox()
    _refuse_other_files(tree)
    turning: tuple[type[nodes.For | nodes.Macro | nodes.CallBlock], ...] = (nodes.For, nodes.Macro, nodes.CallBlock)
    for node in list(tree.find_all(turning)):
        steps = nodes.Const(sum(1 for _ in node.find_all(nodes.Node)))
        call = nodes.Call(nodes.Name(TURN, "load"), [steps], [], None, None)
        node.body.insert(0, nodes.Output([call]).set_lineno(node.lineno))
    for block in tree.find_all(nodes.AssignBlock):
        bounded = nodes.Filter(block.filter, "bounded", [], [], None, None)
        block.filter = cast("nodes.Filter", bounded.set_lineno(block.lineno))
    _replace_makers(tree)
    tree.set_environment(environment)
    return tree


def _refuse_other_files(tree: nodes.Template) -> None:
    """Includes, and blocks, which without another file are of no use, but can call one another without end."""
    refused = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)
    for node in tree.find_all(refused):
        raise V0Error(
            f"Jinja may not do this in a recipe: {type(node).__name__.lower()}, which is for texts of several files.",
            line=node.lineno,
            remedy="Write out what it is meant to make.",
        )


def _replace_makers(node: nodes.Node) -> None:
    for name, value in list(node.iter_fields()):
        if isinstance(value, list):
            setattr(node, name, [_without_maker(entry) for entry in value])
        else:
            setattr(node, name, _without_maker(value))


def _without_maker(value: Any) -> Any:
    if not isinstance(value, nodes.Node):
        return value
    _replace_makers(value)
    if isinstance(value, nodes.Concat):
        return _call(CONCAT, value.nodes, value.lineno)
    if isinstance(value, nodes.Tuple) and value.ctx == "load":
        return _call(TUPLE, value.items, value.lineno)
    if isinstance(value, nodes.List | nodes.Dict) and _is_nested(value):
        return _call(WHOLE, [value], value.lineno)
    return value


def _is_nested(made: nodes.List | nodes.Dict) -> bool:
    """Whether anything but constants is in it, which may be a list itself."""
    entries = [pair.value for pair in made.items] if isinstance(made, nodes.Dict) else made.items
    return not all(isinstance(entry, nodes.Const) for entry in entries)


def _call(name: str, given: list[nodes.Expr], line: int) -> nodes.Node:
    return nodes.Call(nodes.Name(name, "load"), given, [], None, None).set_lineno(line)


def _concat(*parts: object) -> str:
    """What ``~`` does, within bounds."""
    return str(bounded("".join([text_of(part) for part in parts])))


def _tuple(*parts: object) -> tuple[object, ...]:
    """What ``(a, b)`` is; one in another without end would end the process that takes its hash."""
    bounded(parts)
    return parts


OWN: Mapping[str, object] = MappingProxyType({CONCAT: _concat, TUPLE: _tuple, WHOLE: whole})
"""What the guard's calls call."""


class Sandbox(SandboxedEnvironment):
    """Refuses what would take the machine's memory."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Operators, within bounds."""
        if operator == "**" and not (small(left, 10_000) and small(right, 64)):
            raise SecurityError("a power that large")
        if operator == "*" and not modest_product(left, right):
            raise SecurityError("a product that large")
        if isinstance(left, bytes):
            raise SecurityError("arithmetic with bytes")
        if operator == "%" and isinstance(left, str):
            admit_pattern(left, right)
        made = bounded(super().call_binop(context, operator, left, right))
        return whole(made) if operator in "+*" and isinstance(made, list | tuple) and holds_parts(made) else made

    def call(self, context: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Calls, within bounds."""
        owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        if isinstance(owner, str) and name == "join" and len(args) == 1:
            args = (paid_for(iter(args[0])),)
            if all(isinstance(part, str) for part in args[0]):
                return joined(args[0], owner)
        elif isinstance(owner, str | list | dict):
            admit_method(owner, name, args)
        made = bounded(super().call(context, function, *args, **kwargs))
        given = [value for key, value in kwargs.items() if not key.startswith("_")]  # the others are Jinja's own
        if isinstance(owner, list | dict) and holds_parts((*args, *given)):
            whole(owner)
        return made

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Entries and slices; the latter are made, and paid."""
        found = super().getitem(obj, argument)
        return bounded(found) if isinstance(argument, slice) else found

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Python's own names are none of a recipe's business; but for one that recipes ask for, which is harmless."""
        if attr == "__len__":
            return isinstance(obj, str | list | tuple | dict)
        return attr not in _REFUSED and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """``str.format`` as the sandbox does it, without wide padding."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None
        pattern = str(value.__self__)
        fields = admit_fields(pattern)

        def bounded(*args: Any, **kwargs: Any) -> str:
            admit_growth(pattern, fields, (args, kwargs))
            return str(wrapped(*args, **kwargs))

        return update_wrapper(bounded, wrapped)


def refuse(what: str) -> Callable[..., NoReturn]:
    """A function that says why a recipe may not call it."""

    def refused(*_: object, **__: object) -> NoReturn:
        raise SecurityError(what)

    return refused
