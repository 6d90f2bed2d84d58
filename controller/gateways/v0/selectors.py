"""Line selectors: ``# [linux and py>=310]`` keeps or drops the line it stands on.

The grammar is conda-build's (``metadata.select_lines``): Python expressions over names of the platform and of the
variant, in brackets at the end of a line or within its comment; a name that nobody knows is false.
"""

import ast
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any, cast

from controller.gateways.v0.faults import TooLargeError, V0Error

_BRACKETS = re.compile(r"\[([^\[\]]+)\]")
_PARENTHESIS = re.compile(r"[()]")
_BREAK = re.compile(r"\r\n|\n|\r")
_LONGEST_SELECTOR = 1_000
_NODES = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Compare, ast.Eq, ast.NotEq,
    ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is, ast.IsNot, ast.Name, ast.Load, ast.Constant,
    ast.Tuple, ast.List, ast.Call, ast.Attribute, ast.Subscript, ast.Slice, ast.IfExp, ast.BinOp, ast.Add, ast.Sub,
    ast.keyword,
)  # fmt: skip
_METHODS = frozenset(
    {"startswith", "endswith", "lower", "upper", "strip", "split", "rsplit", "index", "get", "getenv", "environ", "sep"}
)
_FUNCTIONS: dict[str, object] = {"int": int, "float": float, "len": len, "str": str, "bool": bool, "any": any}


@dataclass(frozen=True, slots=True)
class Selected:
    """What is left of a text; ``lines[i]`` is the number, from 1, that line ``i`` had in the whole."""

    text: str
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a recipe, without its selector; comments are gone."""

    number: int
    text: str
    selector: str = ""


def select(text: str, names: Mapping[str, object]) -> Selected:
    """The lines of ``text`` whose selectors hold. Raises V0Error for a selector that is no expression."""
    return select_lines(split(text), names)


def select_lines(lines: tuple[Line, ...], names: Mapping[str, object]) -> Selected:
    """The same for a text that is split already."""
    kept = [line for line in lines if not line.selector or holds(line.selector, names, line.number)]
    return Selected("\n".join([line.text for line in kept]) + "\n", tuple([line.number for line in kept]))


def split(text: str) -> tuple[Line, ...]:
    """Every line with its selector set apart."""
    return tuple(_split(text))


def _split(text: str) -> Iterator[Line]:
    for number, whole in enumerate(_BREAK.split(text.removesuffix("\n")), 1):
        for raw in whole.splitlines() or [""]:  # conda-build breaks at form feeds and the like too; editors do not
            line = raw.rstrip()
            if "#" in line and line.lstrip().startswith("#"):
                yield Line(number, "")
            elif "[" in line and "]" in line:
                yield _with_selector(number, line)
            else:
                yield Line(number, line)


def _with_selector(number: int, line: str) -> Line:
    r"""By conda-build's pattern ``(.+?)\s*(#.*)?\[([^\[\]]+)\](?(2)[^\(\)]*)$``, in linear time.

    The last brackets of a line count: at its very end, or within a comment that has no parenthesis after them, which
    would make them a markdown link.
    """
    found = next(reversed(list(_BRACKETS.finditer(line))), None)
    if found is None or found.start() == 0:
        return Line(number, line)
    comment = line.find("#", 1, found.start())
    if comment > 0 and not _PARENTHESIS.search(line, found.end()):
        kept = line[:comment]
    elif found.end() == len(line):
        kept = line[: found.start()]
    else:
        return Line(number, line)
    quote = line[-1] if line[-1] in "'\"" else ""  # somebody quoted the whole line to please YAML
    return Line(number, (kept.rstrip() + quote).rstrip(), found[1])


def holds(selector: str, names: Mapping[str, object], line: int | None = None) -> bool:
    """Whether a selector holds among ``names``."""
    try:
        return bool(_evaluate(_compiled(selector), names))
    except V0Error as error:
        raise V0Error(error.what, line=line, remedy=error.remedy) from None
    except Exception as error:  # whatever an expression of the recipe's own can raise
        raise V0Error(f"the selector [{selector}] fails: {error}.", line=line) from error


def names_in(selector: str) -> frozenset[str]:
    """The names that a selector asks for."""
    return frozenset(_compiled(selector).co_names)


class _Names(dict[str, object]):
    """A name that nobody knows is false, as in conda-build."""

    def __missing__(self, name: str) -> object:
        return _FUNCTIONS.get(name, False)


def _evaluate(code: CodeType, names: Mapping[str, object]) -> object:
    return eval(code, {"__builtins__": {}}, _Names(names))  # noqa: S307 -- only nodes of _NODES are in it


@lru_cache(maxsize=4096)
def _compiled(selector: str) -> CodeType:
    if len(selector) > _LONGEST_SELECTOR:
        raise TooLargeError(f"a selector has {len(selector)} characters.")
    try:
        with warnings.catch_warnings(action="ignore"):  # of Python, about `is "text"` and the like
            tree = ast.parse(selector.strip(), mode="eval")
            for node in ast.walk(tree):
                _admit(node, selector)
            return cast("Callable[..., CodeType]", compile)(tree, "<selector>", "eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise V0Error(
            f"the selector [{selector}] is no expression.",
            remedy="Write it as in `# [linux and py>=310]`, or quote text in brackets that is no selector.",
        ) from error


def _admit(node: ast.AST, selector: str) -> None:
    attribute = isinstance(node, ast.Attribute) and node.attr not in _METHODS
    called = isinstance(node, ast.Call) and not _callable(node.func)
    if not isinstance(node, _NODES) or attribute or called:
        raise V0Error(
            f"the selector [{selector}] does more than compare names.",
            remedy="Use names, numbers, text, comparisons, and, or, not.",
        )


def _callable(function: Any) -> bool:
    return isinstance(function, ast.Attribute) or (isinstance(function, ast.Name) and function.id in _FUNCTIONS)
