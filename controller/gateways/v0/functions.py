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

import yaml

from controller.gateways.v0.faults import V0Error
from controller.gateways.v0.sandbox import refuse

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Private characters: YAML takes them for letters, and no recipe has them."""
_MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_LARGEST_FILE = 1_000_000
_BASE = "x.x.x.x.x.x"


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls that the builder answers, in the order in which the recipe makes them."""

    expressions: list[str] = field(default_factory=list)

    def keep(self, expression: str) -> str:
        """A mark for an expression of the new format."""
        if expression not in self.expressions:
            self.expressions.append(expression)
        return f"{_OPEN}{self.expressions.index(expression)}{_CLOSE}"

    def put_back(self, text: str) -> str:
        """The text as the new format has it: marks are expressions, and whatever else looks like one is literal."""
        if "${{" in text:
            text = text.replace("${{", "${{ '${{' }}")
        if _OPEN not in text:
            return text
        return _MARK.sub(lambda found: f"${{{{ {self.expressions[int(found[1])]} }}}}", text)


def refuse_marks(text: str) -> None:
    """Raise V0Error for text with characters that no recipe has a use for."""
    for mark in (_OPEN, _CLOSE, "\0"):
        if mark in text:
            line = text.count("\n", 0, text.index(mark)) + 1
            raise V0Error(f"it holds the character U+{ord(mark):04X}.", line=line, remedy="Take it out.")


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
        "load_str_data": lambda text, fmt, *_, **__: _parsed(str(text), str(fmt)),
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
        raise V0Error(f"{text!r} is no name.")
    return f"'{text}'"


def _pin(kind: str, name: object, bounds: Mapping[str, object], *, exact: object) -> str:
    if exact:
        return f"{kind}({_quoted(name)}, exact=True)"
    given = [f"{key}={_quoted(value) if value else None}" for key, value in bounds.items()]
    return f"{kind}({', '.join([_quoted(name), *given])})"


def _bounds(min_pin: object, max_pin: object) -> dict[str, object]:
    """Only what differs from the defaults, which are the same in both formats."""
    lower = {} if min_pin == _BASE else {"lower_bound": _places(min_pin)}
    upper = {} if max_pin == "x" else {"upper_bound": _places(max_pin)}
    return lower | upper


def _places(pin: object) -> str:
    """conda-build counts what stands between the dots, whatever it is: ``x.x,x`` is two places."""
    return ".".join("x" for _ in str(pin).split(".")) if pin else ""


@dataclass(frozen=True, slots=True)
class _Files:
    folder: Path | None

    def data(self, load_file: object, fmt: object = None, from_recipe_dir: object = False, **_: object) -> Any:
        """A file of the recipe folder, read as data."""
        text = self._text(load_file, from_recipe_dir)
        return _parsed(text, str(fmt or str(load_file).rsplit(".", 1)[-1]))

    def regex(
        self, load_file: object, regex_pattern: object, from_recipe_dir: object = False, **_: object
    ) -> re.Match[str] | None:
        """Where a pattern matches in a file of the recipe folder."""
        return re.search(str(regex_pattern), self._text(load_file, from_recipe_dir))

    def _text(self, name: object, from_recipe_dir: object) -> str:
        if not from_recipe_dir:
            refuse(f"{name} belongs to the source, which is not here yet")()
        if self.folder is None:
            refuse(f"there is no folder to read {name} from")()
        root = Path(self.folder).resolve()
        path = (root / str(name)).resolve()
        if not path.is_relative_to(root):
            refuse(f"{name} lies outside of the recipe's folder")()
        if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
            raise V0Error(f"it reads {name}, which is not there or larger than {_LARGEST_FILE} bytes.")
        return path.read_text(encoding="utf-8")


def _parsed(text: str, kind: str) -> Any:
    readers: dict[str, Callable[[str], Any]] = {
        "json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load, "yml": yaml.safe_load
    }  # fmt: skip
    if kind not in readers:
        raise V0Error(f"{kind!r} is no format that data is read in.", remedy="Use json, toml or yaml.")
    return readers[kind](text)
