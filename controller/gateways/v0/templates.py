"""Jinja in a ``meta.yaml``: rendered in a sandbox that reaches no file, no environment and no end of time.

Most recipes hold nothing but ``{% set name = expression %}`` and ``{{ expression }}``; these are evaluated piece by
piece, with each expression compiled once for all recipes. Everything else goes through Jinja as a whole; both ways
give the same text (a property in the tests).
"""

import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import SecurityError

from controller.gateways.v0.bounds import LARGEST, budget, text_of
from controller.gateways.v0.faults import TooLargeError, V0Error
from controller.gateways.v0.sandbox import OWN, TURN, Turns, guard, sandbox
from controller.gateways.v0.tokens import Token, names_in, tokens

_SET = re.compile(r"\s*set\s+([A-Za-z_]\w*)\s*=(?!=)")
_INNER = re.compile(r"\{[%{#]|[%}#]\}")
_LITERAL = re.compile(r"\"([^\"\\\n]*)\"|'([^'\\\n]*)'")
_NAME = re.compile(r"[A-Za-z_]\w*")
_LOWER = re.compile(r"([A-Za-z_]\w*)\s*\|\s*lower")
_RESULT = "result"
_CONSTANTS = {"None": None, "none": None, "True": True, "true": True, "False": False, "false": False}
_VALUE = r"\"[^\"\\\n]*\"|'[^'\\\n]*'|[A-Za-z_]\w*"
_ARGUMENT = re.compile(rf"(?:(?P<key>[A-Za-z_]\w*)\s*=\s*)?(?P<value>{_VALUE})")
_ONE = rf"(?:[A-Za-z_]\w*\s*=\s*)?(?:{_VALUE})"
_CALL = re.compile(rf"(compiler|stdlib|cdt|pin_subpackage|pin_compatible)\(\s*({_ONE}(?:\s*,\s*{_ONE})*)\s*\)")


def render(text: str, context: Mapping[str, object]) -> str:
    """The text with everything of Jinja done. Raises V0Error; its line counts within ``text``."""
    try:
        with budget():
            return _rendered(text, context)
    except V0Error:
        raise
    except TemplateSyntaxError as error:
        raise V0Error(f"Jinja: {str(error.message).rstrip('.')}.", line=error.lineno) from error
    except Exception as error:  # whatever an expression of the recipe's own can raise
        raise V0Error(_sentence(error), line=getattr(error, _LINE, None), remedy=_remedy(error)) from error


def _rendered(text: str, context: Mapping[str, object]) -> str:
    if "{{" not in text and "{%" not in text and "{#" not in text:
        return text
    found = tokens(text)
    if all(_is_plain(token.text) for token in found) and not _INNER.search(_rest(text, found)):
        return _piecewise(text, found, dict(context))
    return render_whole(text, context)


@lru_cache(maxsize=16_384)
def _is_plain(token: str) -> bool:
    """An expression or an assignment in one token that strips no blanks."""
    if token[1] == "#" or token[2] in "-+" or token[-3] in "-+" or _INNER.search(token[2:-2]):
        return False
    return token[1] == "{" or _SET.match(token, 2) is not None


def _rest(text: str, found: tuple[Token, ...]) -> str:
    """What stands outside of the tokens."""
    starts = [0, *(token.end for token in found)]
    ends = [*(token.start for token in found), len(text)]
    return "\n".join([text[start:end] for start, end in zip(starts, ends, strict=True)])


def _piecewise(text: str, found: tuple[Token, ...], context: MutableMapping[str, object]) -> str:
    parts = []
    at = 0
    for token in found:
        parts.append(text[at : token.start])
        at = token.end
        try:
            parts.append(_piece(token.text, context))
        except Exception as error:  # expressions are compiled alone: their own line numbers mean nothing
            _tell_line(error, text.count("\n", 0, token.start) + 1)
            _tell_kind(error, token.text)
            raise
    parts.append(text[at:])
    return _bounded("".join(parts))


def _tell_kind(error: Exception, token: str) -> None:
    """An expression is compiled as an assignment; a fault of it is told as that of what it was written as."""
    if token[1] == "{" and isinstance(error, TemplateSyntaxError) and error.message:
        error.args = (error.message.replace("end of statement block", "end of print statement"),)


def _piece(token: str, context: MutableMapping[str, object]) -> str:
    if token[1] == "{":
        value = _value(token[2:-2].strip(), context)
        return value if isinstance(value, str) else text_of(value)
    assigned = _SET.match(token, 2)
    if assigned:
        context[assigned[1]] = _value(token[assigned.end() : -2].strip(), context)
    return ""


def _value(expression: str, context: Mapping[str, object]) -> object:
    literal = _LITERAL.fullmatch(expression)
    if literal:
        return literal[1] if literal[1] is not None else literal[2]
    if expression in context and _NAME.fullmatch(expression):
        return context[expression]
    lowered = _LOWER.fullmatch(expression)
    if lowered and isinstance(context.get(lowered[1]), str):
        return str(context[lowered[1]]).lower()
    call = _plain_call(expression)
    if call is not None and call.name in context:
        return call.made(context)
    return _compiled(expression)(context)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of one of the reader's own functions with literals and names alone: most of what recipes call."""

    name: str
    positional: tuple["_Argument", ...]
    named: tuple[tuple[str, "_Argument"], ...]

    def made(self, context: Mapping[str, object]) -> object:
        function: Any = context[self.name]
        given = {key: argument.value(context) for key, argument in self.named}
        return function(*(argument.value(context) for argument in self.positional), **given)


@dataclass(frozen=True, slots=True)
class _Argument:
    literal: object
    name: str = ""

    def value(self, context: Mapping[str, object]) -> object:
        if not self.name:
            return self.literal
        return context[self.name] if self.name in context else _compiled(self.name)(context)


@lru_cache(maxsize=8_192)
def _plain_call(expression: str) -> _Call | None:
    found = _CALL.fullmatch(expression)
    if not found:
        return None
    positional, named = [], []
    for part in _ARGUMENT.finditer(found[2]):
        argument = _argument(part["value"])
        if part["key"]:
            named.append((part["key"], argument))
        else:
            positional.append(argument)
    return _Call(found[1], tuple(positional), tuple(named))


def _argument(text: str) -> _Argument:
    if text[0] in "'\"":
        return _Argument(text[1:-1])
    return _Argument(_CONSTANTS[text]) if text in _CONSTANTS else _Argument(None, text)


@lru_cache(maxsize=8_192)
def _compiled(expression: str) -> Callable[[Mapping[str, object]], object]:
    template = _template("{% set " + _RESULT + " = " + expression + " %}")
    spoken = names_in("{{" + expression + "}}")

    def evaluate(context: Mapping[str, object]) -> object:
        scope = template.new_context({name: context[name] for name in spoken if name in context} | dict(OWN))
        for _ in template.root_render_func(scope):
            pass
        return scope.vars[_RESULT]

    return evaluate


def render_whole(
    text: str, context: Mapping[str, object], change: Callable[[nodes.Template], object] | None = None
) -> str:
    """The same as ``render`` by Jinja alone, without taking the text apart; ``change`` changes its tree before."""
    template = _template(text, change)
    scope = template.new_context({**context, TURN: Turns().take, **OWN})
    total, parts = 0, []
    try:
        for chunk in template.root_render_func(scope):
            total += len(chunk)
            if total > LARGEST:
                raise TooLargeError(f"it renders to more than {LARGEST} characters.")
            parts.append(chunk)
    except Exception as error:
        _tell_line(error, _line_in(template, error))
        raise
    return "".join(parts)


def _template(text: str, change: Callable[[nodes.Template], object] | None = None) -> Template:
    environment = sandbox()
    try:
        tree = environment.parse(text)
        if change is not None:
            change(tree)
        code = environment.compile(guard(tree))
    except (RecursionError, MemoryError, SyntaxError) as error:  # Python admits a hundred levels of indentation
        raise TooLargeError("its Jinja is nested too deeply.") from error
    return Template.from_code(environment, code, environment.make_globals(None))


def _line_in(template: Template, error: BaseException) -> int | None:
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line


def _bounded(text: str) -> str:
    if len(text) > LARGEST:
        raise TooLargeError(f"it renders to more than {LARGEST} characters.")
    return text


_LINE = "line_in_text"


def _tell_line(error: Exception, line: int | None) -> None:
    if isinstance(error, V0Error):
        error.line = error.line or line
    elif isinstance(error, TemplateSyntaxError):
        error.lineno = line or error.lineno
    else:
        setattr(error, _LINE, line)


def _sentence(error: Exception) -> str:
    if isinstance(error, SecurityError):
        return f"Jinja may not do this in a recipe: {str(error).rstrip('.')}."
    if isinstance(error, RecursionError | MemoryError):
        return "Jinja: nested too deeply."
    kind = "" if isinstance(error, TemplateError) else f"{type(error).__name__}: "
    return f"Jinja: {kind}{str(error).rstrip('.')}."


def _remedy(error: Exception) -> str:
    if isinstance(error, UndefinedError):
        return "Set it with {% set ... %} or in a pin file, or give it a default."
    if isinstance(error, SecurityError):
        return "Write out what it is meant to make."
    return "Correct the file and push again."
