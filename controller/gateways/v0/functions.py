"""What a ``meta.yaml`` may call in Jinja (conda-build's ``jinja_context``): computed, kept for the builder, or refused.

``compiler``, ``stdlib``, ``pin_subpackage`` and ``pin_compatible`` are the builder's to answer: they become its own
expressions. While Jinja and YAML are at work each stands as a mark that neither of them can take for syntax.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.gateways.v0.documents import read_data
from controller.gateways.v0.faults import TooLargeError, V0Error, shortened
from controller.gateways.v0.sandbox import refuse
from controller.gateways.v0.searching import Found, search

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Private characters: YAML takes them for letters, and no recipe has them."""
PERCENT = "\ue002"
"""Stands for the percent sign of a variable of Windows, at which YAML would stop."""
_MARK = re.compile(f"{_OPEN}([0-9]{{1,6}}){_CLOSE}")
_NEVER = re.compile(f"[{_OPEN}{_CLOSE}{PERCENT}\0]")
_LARGEST_FILE = 1_000_000
_MOST_READ = 2_000_000
"""Characters that one recipe may have read as data; a file read twice counts twice."""
_MOST_SEARCHES = 20
_MOST_CALLS = 2_000
_LONGEST_PIN = 100
_BASE = "x.x.x.x.x.x"


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls that the builder answers, in the order in which the recipe makes them."""

    expressions: list[str] = field(default_factory=list)

    def keep(self, expression: str) -> str:
        """A mark for an expression of the new format."""
        if expression not in self.expressions:
            if len(self.expressions) >= _MOST_CALLS:
                raise TooLargeError(
                    f"it calls compiler, pin_subpackage and their like in more than {_MOST_CALLS} ways."
                )
            self.expressions.append(expression)
        return f"{_OPEN}{self.expressions.index(expression)}{_CLOSE}"

    def put_back(self, text: str) -> str:
        """The text as the new format has it: marks are expressions, and whatever else looks like one is literal."""
        if "${{" in text:
            text = text.replace("${{", "${{ '${{' }}")
        if _OPEN in text:
            text = _MARK.sub(self._expression, text)
        text = text.replace(PERCENT, "%")
        refuse_marks(text, lines=False)
        return text

    def _expression(self, found: re.Match[str]) -> str:
        place = int(found[1])
        return f"${{{{ {self.expressions[place]} }}}}" if place < len(self.expressions) else found[0]


def refuse_marks(text: str, *, lines: bool = True) -> None:
    """Raise V0Error for text with characters that no recipe has a use for, however they were written."""
    found = _NEVER.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1 if lines else None
        raise V0Error(f"it holds the character U+{ord(found[0]):04X}.", line=line, remedy="Take it out.")


def functions(calls: Calls, folder: Path | None, cdt: Callable[[str], str]) -> dict[str, object]:
    """Every function by name. ``folder`` is the recipe's; only files in it are read."""
    files, kept = _Files(folder), _Kept(calls)
    return {
        "compiler": kept.compiler,
        "stdlib": kept.stdlib,
        "pin_subpackage": kept.pin_subpackage,
        "pin_compatible": kept.pin_compatible,
        "cdt": cdt,
        "ccache": lambda *_, **__: "ccache",
        "load_file_data": files.data,
        "load_file_regex": files.regex,
        "load_str_data": files.text_data,
        "load_setup_py_data": refuse("load_setup_py_data runs the setup.py of the source, which is not here yet"),
        "load_setuptools": refuse("load_setuptools runs the setup.py of the source, which is not here yet"),
        "load_npm": refuse("load_npm reads the source, which is not here yet"),
        "resolved_packages": refuse("resolved_packages needs a solved environment, which is made at the build"),
        "installed": {},
    }


@dataclass(frozen=True, slots=True)
class _Kept:
    """The calls that the builder answers; parameters are conda-build's."""

    calls: Calls

    def compiler(self, language: object) -> str:
        return self.calls.keep(f"compiler({_quoted(language)})")

    def stdlib(self, language: object) -> str:
        return self.calls.keep(f"stdlib({_quoted(language)})")

    def pin_subpackage(
        self,
        subpackage_name: object,
        min_pin: object = _BASE,
        max_pin: object = "x",
        exact: object = False,
        **_: object,
    ) -> str:
        return self.calls.keep(_pin("pin_subpackage", subpackage_name, _bounds(min_pin, max_pin), exact=exact))

    def pin_compatible(
        self, package_name: object, lower_bound: object = None, upper_bound: object = None, min_pin: object = _BASE,
        max_pin: object = "x", exact: object = False, **_: object,
    ) -> str:  # fmt: skip
        """A bound given takes the place of the pin on its side."""
        bounds = _bounds(min_pin, max_pin)
        bounds |= {"lower_bound": lower_bound} if lower_bound else {}
        bounds |= {"upper_bound": upper_bound} if upper_bound else {}
        return self.calls.keep(_pin("pin_compatible", package_name, bounds, exact=exact))


def _quoted(value: object) -> str:
    text = str(value)
    if not re.fullmatch(r"[\w.*+\-]+", text):
        raise V0Error(f"{shortened(text)!r} is no name.")
    return f"'{text}'"


def _pin(kind: str, name: object, bounds: Mapping[str, object], *, exact: object) -> str:
    if exact:
        return f"{kind}({_quoted(name)}, exact=True)"
    given = [f"{key}={_quoted(value) if value else None}" for key, value in bounds.items()]
    return f"{kind}({', '.join([_quoted(name), *given])})"


def _bounds(min_pin: object, max_pin: object) -> dict[str, object]:
    """Only what differs from the defaults, which are the same in both formats."""
    lower: dict[str, object] = {} if min_pin == _BASE else {"lower_bound": _places(min_pin)}
    upper: dict[str, object] = {} if max_pin == "x" else {"upper_bound": _places(max_pin)}
    return lower | upper


def _places(pin: object) -> str:
    """conda-build counts what stands between the dots, whatever it is: ``x.x,x`` is two places."""
    text = str(pin or "")
    if len(text) > _LONGEST_PIN:
        raise V0Error(f"{shortened(text)!r} is no pin.", remedy="Write it as in 'x.x'.")
    return ".".join("x" for _ in text.split(".")) if text else ""


@dataclass(slots=True)
class _Files:
    folder: Path | None
    left: int = _MOST_READ
    searches: int = _MOST_SEARCHES

    def data(self, load_file: object, fmt: object = None, from_recipe_dir: object = False, **_: object) -> Any:
        """A file of the recipe folder, read as data."""
        text = self._text(load_file, from_recipe_dir)
        return _parsed(text, str(fmt or str(load_file).rsplit(".", 1)[-1]), str(load_file))

    def text_data(self, text: object, fmt: object, *_: object, **__: object) -> Any:
        """A text, read as data."""
        return _parsed(self._counted(str(text)), str(fmt), "load_str_data")

    def regex(
        self, load_file: object, regex_pattern: object, from_recipe_dir: object = False, **_: object
    ) -> Found | None:
        """Where a pattern matches in a file of the recipe folder."""
        self.searches -= 1
        if self.searches < 0:
            raise TooLargeError(f"it searches files more than {_MOST_SEARCHES} times.")
        return search(str(regex_pattern), self._text(load_file, from_recipe_dir))

    def _counted(self, text: str) -> str:
        self.left -= len(text) + 1_000  # a small text takes time as well
        if self.left < 0:
            raise TooLargeError(f"it reads more than {_MOST_READ} characters of data.")
        return text

    def _text(self, name: object, from_recipe_dir: object) -> str:
        if not from_recipe_dir:
            refuse(f"{name} belongs to the source, which is not here yet")()
        if self.folder is None:
            refuse(f"there is no folder to read {name} from")()
        try:
            return self._counted(_text_within(Path(self.folder).resolve(), str(name)))
        except UnicodeDecodeError as error:
            raise V0Error(
                f"it reads {shortened(str(name))}, which is not UTF-8.", remedy="Save it as UTF-8."
            ) from error
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links that go round in circles
            raise V0Error(f"it reads {shortened(str(name))!r}, which cannot be opened.") from error


def _text_within(root: Path, name: str) -> str:
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        refuse(f"{name} lies outside of the recipe's folder")()
    if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
        raise V0Error(f"it reads {name}, which is no file there or larger than {_LARGEST_FILE} bytes.")
    return path.read_text(encoding="utf-8")


def _parsed(text: str, kind: str, name: str = "its text") -> Any:
    readers: dict[str, Callable[[str], Any]] = {
        "json": json.loads, "toml": tomllib.loads, "yaml": read_data, "yml": read_data
    }  # fmt: skip
    if kind not in readers:
        raise V0Error(f"{shortened(kind)!r} is no format that data is read in.", remedy="Use json, toml or yaml.")
    if len(text) > _LARGEST_FILE:
        raise TooLargeError(f"{name} has {len(text)} characters.")
    try:
        return readers[kind](text)
    except V0Error as error:
        raise V0Error(f"{shortened(name)}: {error.what}") from error
    except RecursionError as error:
        raise TooLargeError(f"{name}: it is nested too deeply.") from error
    except ValueError as error:
        raise V0Error(f"{shortened(name)} cannot be read as {kind}: {shortened(str(error))}.") from error
