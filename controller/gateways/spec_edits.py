"""A spec in a recipe's text replaced by another, every other byte kept.

Where a variable gives the version (``lib ${{ lib_version }}.*``), and one literal in ``context`` or ``{% set %}`` gives
the variable its value, that literal is replaced; but only where nothing else uses the variable.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_SET = re.compile(r"(?m)^[ \t]*\{%-?\s*set\s+(?P<name>\w+)\s*=\s*(?P<value>(['\"]?)[\w.+]+\3)\s*-?%\}[ \t]*$")
_CONTEXT = re.compile(r"(?m)^context:[ \t]*\n(?:(?:[ \t#].*)?\n)*")
_IN_CONTEXT = re.compile(r"(?m)^[ \t]+(?P<name>\w+):[ \t]*(?P<value>(['\"]?)[\w.+]+\3)[ \t]*(?:#.*)?$")
_HERE = "\0"
"""Stands for the variable while a pattern is made."""
Change = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Variable:
    """A variable that one literal defines, and where that stands in the text, quotes included."""

    name: str
    literal: str
    start: int

    @property
    def value(self) -> str:
        return self.literal.strip("'\"")

    def written(self, value: str) -> str:
        """Another value as the literal is written; what YAML or Jinja would take for a broken number gets quotes."""
        quote = self.literal[0] if self.literal[0] in "'\"" else "" if value.isdecimal() else '"'
        return f"{quote}{value}{quote}"


def edited(text: str, changes: Iterable[Change]) -> tuple[str, tuple[str, ...]]:
    """The text with each spec replaced, and the specs that it does not hold as they are written."""
    wanted = tuple(changes)
    by_variable = [change for change in wanted if not _pattern(change[0]).search(text)]
    moved, done = _with_variables(text, by_variable)
    for old, new in wanted:
        moved = _pattern(old).sub(lambda _, new=new: new, moved)  # type: ignore[misc]
    return moved, tuple(old for old, _ in by_variable if old not in done)


def _pattern(spec: str) -> re.Pattern[str]:
    """The spec however it is spaced, and never as a part of another name or version."""
    name, _, rest = spec.partition(" ")
    loose = r"\s*".join(re.escape(part) for part in re.findall(r"[<>=!~]+|[^<>=!~\s]+", rest))
    between = r"[ \t]*" if rest[:1] in "<>=!~" else r"[ \t]+"
    return re.compile(rf"(?<![\w.-]){re.escape(name)}{between}{loose}(?![\w.*-])", re.IGNORECASE)


def _with_variables(text: str, changes: Sequence[Change]) -> tuple[str, set[str]]:
    """The text with literals replaced, and the specs that are moved so."""
    done = set[str]()
    for variable in sorted(_variables(text), key=lambda one: -one.start) if changes else ():
        values, used, moving = set[str](), 0, set[str]()
        for old, new in changes:
            value, number = _of(variable, old, new, text)
            if number:
                values.add(value)
                used += number
                moving.add(old)
        if len(values) == 1 and "" not in values and used == _uses(variable, text):
            end = variable.start + len(variable.literal)
            text = text[: variable.start] + variable.written(values.pop()) + text[end:]
            done |= moving
    return text, done


def _variables(text: str) -> Iterator[_Variable]:
    """Those that are defined once, by a literal."""
    context = _CONTEXT.search(text)
    found = [*_SET.finditer(text), *(_IN_CONTEXT.finditer(text, *context.span()) if context else ())]
    names = [match["name"] for match in found]
    for match in found:
        others = re.findall(rf"\bset\s+{match['name']}\b", text)
        if names.count(match["name"]) == 1 and len(others) <= 1:
            yield _Variable(match["name"], match["value"], match.start("value"))


def _uses(variable: _Variable, text: str) -> int:
    """How often anything but its definition names it; rather too many than too few."""
    return len(re.findall(rf"(?<![\w-]){variable.name}(?![\w-])", text)) - 1


def _of(variable: _Variable, old: str, new: str, text: str) -> tuple[str, int]:
    """The value that makes the new spec of the old one, and how often the spec stands there with the variable in it."""
    (name, _, rest), (_, _, target) = old.partition(" "), new.partition(" ")
    for match in re.finditer(rf"(?<![\w.]){re.escape(variable.value)}(?!\w)", rest):
        before, after = rest[: match.start()], rest[match.end() :]
        pattern = _pattern(f"{name} {before}{_HERE}{after}").pattern
        expression = rf"\$?\{{\{{\s*{variable.name}\s*\}}\}}"
        number = len(re.findall(pattern.replace(re.escape(_HERE), expression), text, re.IGNORECASE))
        if number:
            fits = len(target) > len(before + after) and target.startswith(before) and target.endswith(after)
            return (target[len(before) : len(target) - len(after)] if fits else ""), number
    return "", 0
