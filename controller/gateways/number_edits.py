"""A build number written into the text of a recipe, every other byte kept; or why that cannot be done.

A number is edited where it is a plain number in one place: under ``build``, in ``{% set NAME = ... %}`` (meta.yaml), or
in ``context`` (recipe.yaml). What is computed, or differs from variant to variant, only its author can say anew.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from controller.gateways.layouts import RECIPE

_KEY = re.compile(r"^(?P<indent> *(?:- +)*)['\"]?(?P<key>[\w.-]+)['\"]? *:(?P<rest>(?:\s.*)?)$")
_PLAIN = re.compile(r"^(?P<before>\s*(?P<quote>['\"]?))(?P<number>\d+)(?P<after>(?P=quote)\s*(?:#.*)?)$")
_NAMED = re.compile(
    r"^\s*(?P<quote>['\"]?)\$?\{\{-?\s*(?P<name>[A-Za-z_]\w*)\s*(?:\|\s*int\s*)?-?\}\}(?P=quote)\s*(?:#.*)?$"
)
_FLOW = re.compile(
    r"^(?P<before>.*[{,]\s*['\"]?number['\"]?\s*:)(?P<value>(?:\$?\{\{.*?\}\}|[^,}])*)(?P<after>[,}].*)$"
)
_SET = re.compile(r"^(?P<before>\s*\{%-?\s*set\s+(?P<name>\w+)\s*=)(?P<value>.*?)(?P<after>\s*-?%\}.*)$")
_WORD = re.compile(r"\{%-?\s*(?P<end>end)?(?:if|for|macro)\b")
_SELECTOR = re.compile(r"#\s*\[[^]]+\]")
_NO_YAML = re.compile(r"^\s*(?:#|\{%|\{#|$)")


@dataclass(frozen=True, slots=True)
class Edited:
    """The new text; or the old one, and why it was left."""

    text: str
    why_not: str = ""


class _LeftError(Exception):
    """The text stays; its message says why."""


def edit_number(text: str, file: str, number: int) -> Edited:
    """The recipe with that build number. ``file`` is its name: ``recipe.yaml`` or ``meta.yaml``."""
    recipe = _Recipe(text.splitlines(keepends=True), is_new=file == RECIPE)
    try:
        return Edited("".join(recipe.edited(number)))
    except _LeftError as why:
        return Edited(text, str(why))


@dataclass(frozen=True, slots=True)
class _Key:
    """A key of the YAML: its line and column, and what stands after its colon."""

    line: int
    column: int
    name: str
    rest: str


class _Recipe:
    def __init__(self, lines: list[str], *, is_new: bool) -> None:
        self.lines = lines
        self.is_new = is_new
        self.keys = list(_keys(lines))

    def edited(self, number: int) -> list[str]:
        places = dict.fromkeys(self._meant(line, value) for line, value in self._numbers())
        if not places:
            return self._inserted(number)
        edited = list(self.lines)
        for line, pattern in places:
            edited[line] = _replaced(edited[line], pattern, number)
        return edited

    def _numbers(self) -> Iterator[tuple[int, str]]:
        """Lines that say the number of a ``build``, with what they say; no build says it twice."""
        above: list[_Key] = []
        builds: set[int] = set()
        for key in self.keys:
            above = [other for other in above if other.column < key.column]
            flow = _FLOW.match(self.lines[key.line]) if key.name == "build" else None
            build = key if flow else above[-1] if above and above[-1].name == "build" and key.name == "number" else None
            if build is not None:
                self._expect_one(key, build, builds)
                yield key.line, flow["value"] if flow else key.rest
            above.append(key)

    def _expect_one(self, key: _Key, build: _Key, builds: set[int]) -> None:
        if build.line in builds:
            raise _LeftError(f"it says its number more than once, in line {key.line + 1} again")
        if not self.is_new and _SELECTOR.search(key.rest):
            raise _LeftError(f"its number goes by a selector, in line {key.line + 1}")
        self._expect_unconditional(key.line)
        builds.add(build.line)

    def _expect_unconditional(self, line: int) -> None:
        words = [word for text in self.lines[:line] for word in _WORD.finditer(text)]
        if sum(-1 if word["end"] else 1 for word in words) > 0:
            raise _LeftError(f"its number is set under a condition, in line {line + 1}")

    def _meant(self, line: int, value: str) -> tuple[int, re.Pattern[str]]:
        """The line that holds the digits, and how they are found in it."""
        if _PLAIN.match(value):
            return line, _FLOW if _KEY_OF_BUILD.match(self.lines[line]) else _KEY_LINE
        named = _NAMED.match(value)
        if not named:
            raise _LeftError(f"its number is computed, in line {line + 1}")
        return self._in_context(named["name"]) if self.is_new else self._set(named["name"])

    def _set(self, name: str) -> tuple[int, re.Pattern[str]]:
        found = [
            (n, m) for n, text in enumerate(self.lines) if (m := _SET.match(text.rstrip("\r\n"))) and m["name"] == name
        ]
        if len(found) != 1:
            raise _LeftError(f"its number comes from {name}, which is set {len(found)} times")
        line, match = found[0]
        if _SELECTOR.search(match["after"]):
            raise _LeftError(f"its number goes by a selector, in line {line + 1}")
        self._expect_unconditional(line)
        if not _PLAIN.match(match["value"]):
            raise _LeftError(f"its number is computed, in line {line + 1}")
        return line, _SET

    def _in_context(self, name: str) -> tuple[int, re.Pattern[str]]:
        inside = False
        for key in self.keys:
            inside = key.name == "context" if not key.column else inside
            if inside and key.column and key.name == name:
                if not _PLAIN.match(key.rest):
                    raise _LeftError(f"its number is computed, in line {key.line + 1}")
                return key.line, _KEY_LINE
        raise _LeftError(f"its number comes from {name}, which its context does not hold")

    def _inserted(self, number: int) -> list[str]:
        """For a recipe that says none: below its ``build``."""
        for place, key in enumerate(self.keys):
            if key.name == "build" and not key.column and not key.rest.partition("#")[0].strip():
                below = self.keys[place + 1] if place + 1 < len(self.keys) else key
                if below.column and self.lines[below.line][: below.column].isspace():
                    end = self.lines[key.line][len(self.lines[key.line].rstrip("\r\n")) :] or "\n"
                    said = f"{' ' * below.column}number: {number}{end}"
                    return [*self.lines[: key.line + 1], said, *self.lines[key.line + 1 :]]
        raise _LeftError("it says no number, and has no build section that could hold one")


_KEY_OF_BUILD = re.compile(r"^\s*(?:- +)*['\"]?build['\"]? *:")
_KEY_LINE = re.compile(r"^(?P<before>[^:]*:)(?P<value>.*)(?P<after>)$")


def _keys(lines: list[str]) -> Iterator[_Key]:
    for number, line in enumerate(lines):
        found = None if _NO_YAML.match(line) else _KEY.match(line.rstrip("\r\n"))
        if found:
            yield _Key(number, len(found["indent"]), found["key"], found["rest"])


def _replaced(line: str, pattern: re.Pattern[str], number: int) -> str:
    text = line.rstrip("\r\n")
    found = pattern.match(text)
    value = _PLAIN.match(found["value"]) if found else None
    if found is None or value is None:
        raise _LeftError("its number is not where it seemed to be")
    new = f"{value['before']}{number}{value['after']}"
    return f"{found['before']}{new}{found['after']}{line[len(text) :]}"
