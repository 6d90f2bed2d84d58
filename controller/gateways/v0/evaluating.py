"""A ``meta.yaml`` for one combination of variant values: selectors, then Jinja, then YAML, as conda-build does it.

A recipe has few distinct forms however many variants it has; each is evaluated once.
"""

import os
import re
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from controller.gateways.v0.contexts import SPOKEN_FOR, Names, cdt_of
from controller.gateways.v0.documents import finished, read_yaml
from controller.gateways.v0.faults import TooLargeError, V0Error
from controller.gateways.v0.functions import Calls, functions, refuse_marks
from controller.gateways.v0.origins import origin_of
from controller.gateways.v0.selectors import Line, Selected, select, select_lines, split
from controller.gateways.v0.selectors import names_in as selector_names
from controller.gateways.v0.templates import render
from controller.gateways.v0.tokens import names_in as token_names
from controller.gateways.v0.tokens import tokens

RECIPE_FILE = "meta.yaml"
_LARGEST_FILE = 2_000_000
_DIALECTS = (
    (re.compile(r"^[ \t]*(?:-[ \t]+)?sel\(.*\):", re.MULTILINE), "it is of boa's dialect (keys like `sel(win):`)"),
    (re.compile(r"^(?:context|schema_version) *:", re.MULTILINE), "it is of the new format, under the old one's name"),
)  # fmt: skip
_OUTPUTS = re.compile(r"^outputs\s*:")
_TOP = re.compile(r"^[A-Za-z_]")
_ITEM = re.compile(r"^(\s*)-(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Form:
    """A recipe as it is for all combinations that select and render the same text."""

    document: Mapping[str, Any]
    used: frozenset[str]
    """Names that its selectors and its Jinja speak of outside of ``outputs``; functions and own variables too."""
    used_by_output: tuple[frozenset[str], ...]
    calls: tuple[str, ...]
    """What the builder answers: ``compiler('c')``."""

    @property
    def names(self) -> frozenset[str]:
        """All names that it speaks of."""
        return self.used.union(*self.used_by_output)


@dataclass(slots=True)
class Source:
    """One ``meta.yaml``; forms are kept as they are made."""

    text: str
    folder: Path | None
    lines: tuple[Line, ...]
    selectors: frozenset[str]
    """Every name that any of its selectors speaks of."""
    _selected: dict[tuple[object, ...], tuple[Selected, tuple[str, ...]]] = field(default_factory=dict)
    """With the names that are spoken of in what is selected, sorted."""
    _forms: dict[tuple[object, ...], Form] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "Source":
        """The recipe of a folder. Raises V0Error."""
        return cls.of(_text_of(folder / RECIPE_FILE), folder)

    @classmethod
    def of(cls, text: str, folder: Path | None = None) -> "Source":
        """A recipe's text. Raises V0Error."""
        refuse_marks(text)
        lines = split(text)
        names = frozenset[str]().union(*(_selector_names(line) for line in lines if line.selector))
        return cls(text, folder, lines, names)

    def form(self, platform: str, variant: Mapping[str, str]) -> Form:
        """What the recipe is for a combination. Raises V0Error, with the line as it is in the file."""
        names = Names(platform, variant)
        known = names.for_selectors(self.selectors)
        asked = (platform, *sorted((name, str(value)) for name, value in known.items()))
        if asked not in self._selected:
            self._selected[asked] = self._select(known)
        selected, spoken = self._selected[asked]
        key = (*asked, *[variant.get(SPOKEN_FOR.get(name, name)) for name in spoken], *_hidden(spoken, variant))
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = self._make(selected, names, frozenset(spoken))
        return form

    def _select(self, known: Mapping[str, object]) -> tuple[Selected, tuple[str, ...]]:
        selected = select_lines(self.lines, known)
        spoken = frozenset[str]().union(*(token_names(token.text) for token in tokens(selected.text)))
        return selected, tuple(sorted(spoken))

    def _make(self, selected: Selected, names: Names, spoken: frozenset[str]) -> Form:
        try:
            return self._evaluate(selected, names, spoken)
        except V0Error as error:
            if error.line is not None and selected.lines:  # YAML ends a line after the last
                error.line = selected.lines[min(max(error.line, 1), len(selected.lines)) - 1]
            _explain_dialect(error, self.text)
            raise

    def _evaluate(self, selected: Selected, names: Names, spoken: frozenset[str]) -> Form:
        calls = Calls()
        own = self._functions(spoken, calls, names)
        if spoken & {"PKG_NAME", "PKG_VERSION"}:
            guessed = replace(names, own={"PKG_NAME": "name", "PKG_VERSION": "0"})
            context = guessed.for_jinja(spoken, calls) | own
            names = replace(names, own=_package(_document(selected.text, context, guessed, calls)))
        document = _document(selected.text, names.for_jinja(spoken, calls) | own, names, calls)
        if not document.get("outputs"):
            return Form(document, spoken | self.selectors, (), tuple(calls.expressions))
        used, by_output = _used(self.lines, selected, document)
        return Form(document, used, by_output, tuple(calls.expressions))

    def _functions(self, spoken: frozenset[str], calls: Calls, names: Names) -> dict[str, object]:
        known = functions(calls, self.folder, cdt_of(names.platform, names.variant))
        return {name: known[name] for name in spoken if name in known}


def _document(text: str, context: Mapping[str, object], names: Names, calls: Calls) -> dict[str, Any]:
    """Raises V0Error; its line counts within ``text``."""
    rendered = render(text, context)
    kept = Selected(rendered, ())
    try:
        if rendered.count("[") > text.count("["):  # Jinja wrote a selector, or something like one
            kept = select(rendered, names.for_selectors(_selectors_of(rendered)))
        return finished(read_yaml(kept.text), calls.put_back)
    except V0Error as error:
        if error.line is not None:
            line = kept.lines[min(error.line, len(kept.lines)) - 1] if kept.lines else error.line
            error.line = origin_of(line, text, context, rendered)
        raise


def _text_of(path: Path) -> str:
    try:
        with open(path, "rb", opener=_regular) as file:
            found = file.read(_LARGEST_FILE + 1)
        if len(found) > _LARGEST_FILE:
            raise TooLargeError(f"it has more than {_LARGEST_FILE} bytes.")
        return found.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise V0Error("it is not UTF-8.", line=line, remedy="Save it as UTF-8.") from error
    except FileNotFoundError as error:
        raise V0Error("it is no file.", remedy="Put a meta.yaml in its place.") from error
    except OSError as error:
        raise V0Error(f"it cannot be opened: {error.strerror}.") from error


def _regular(path: str, flags: int) -> int:
    """Open a file that is one: neither a device nor a pipe that nobody writes to."""
    number = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if stat.S_ISREG(os.fstat(number).st_mode):
        return number
    os.close(number)
    raise V0Error("it is no file.", remedy="Put a meta.yaml in its place.")


def _hidden(spoken: Collection[str], variant: Mapping[str, str]) -> tuple[object, ...]:
    """What a text depends on without naming it."""
    return (variant.get("cdt_name"), variant.get("cdt_arch")) if "cdt" in spoken else ()


def _package(document: Mapping[str, Any]) -> dict[str, str]:
    package = document.get("package")
    said = package if isinstance(package, dict) else {}
    return {"PKG_NAME": str(said.get("name", "")), "PKG_VERSION": str(said.get("version", ""))}


def _selectors_of(text: str) -> frozenset[str]:
    return frozenset[str]().union(*(_selector_names(line) for line in split(text) if line.selector))


def _selector_names(line: Line) -> frozenset[str]:
    try:
        return selector_names(line.selector)
    except V0Error as error:
        error.line = line.number
        raise


def _explain_dialect(error: V0Error, text: str) -> None:
    for pattern, sentence in _DIALECTS:
        found = pattern.search(text)
        if found:
            error.args = (f"{sentence}.",)
            error.what, error.line = f"{sentence}.", text.count("\n", 0, found.start()) + 1
            error.remedy = "Write it as a meta.yaml of conda-build or as a recipe.yaml."


def _used(
    lines: tuple[Line, ...], selected: Selected, document: Mapping[str, Any]
) -> tuple[frozenset[str], tuple[frozenset[str], ...]]:
    """Who speaks of which names: the recipe as a whole, and each of its outputs.

    A line's names count where the line stands; where outputs come out of a loop, all names are the whole recipe's.
    """
    texts = selected.text.split("\n")
    spoken: dict[int, frozenset[str]] = {}
    for number, text in zip(selected.lines, texts, strict=False):
        spoken[number] = spoken.get(number, frozenset()) | _names_on(text)
    for line in lines:
        if line.selector:
            spoken[line.number] = spoken.get(line.number, frozenset()) | selector_names(line.selector)
    blocks = _blocks(lines, frozenset(selected.lines))
    outputs = document.get("outputs")
    if not isinstance(outputs, list) or len(outputs) != len(blocks) or not blocks:
        return frozenset[str]().union(*spoken.values()), ()
    owners = [
        frozenset[str]().union(*(names for number, names in spoken.items() if number in block)) for block in blocks
    ]
    first, last = blocks[0].start, blocks[-1].stop
    shared = [names for number, names in spoken.items() if not first <= number < last]
    return frozenset[str]().union(*shared), tuple(owners)


def _names_on(text: str) -> frozenset[str]:
    if "{{" not in text and "{%" not in text:
        return frozenset()
    return frozenset[str]().union(*(token_names(token.text) for token in tokens(text)))


def _blocks(lines: tuple[Line, ...], kept: frozenset[int]) -> list[range]:
    """The lines of each entry of ``outputs`` that is kept."""
    start = next((at for at, line in enumerate(lines) if _OUTPUTS.match(line.text)), None)
    if start is None:
        return []
    end = next((at for at in range(start + 1, len(lines)) if _TOP.match(lines[at].text)), len(lines))
    indent, heads = None, []
    for line in lines[start + 1 : end]:
        item = _ITEM.match(line.text)
        if item and (indent is None or len(item[1]) == indent):
            indent = len(item[1])
            heads.append(line.number)
    bounds = [*heads, lines[end - 1].number + 1]
    return [range(head, stop) for head, stop in pairwise(bounds) if head in kept]
