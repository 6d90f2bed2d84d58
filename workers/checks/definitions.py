"""What a package's tests are: read from the test file of the new format, in the words of this module.

The source of the format is rattler-build's: ``info/tests/tests.yaml`` is the list of tests as it stands in a rendered
recipe, https://rattler-build.prefix.dev/latest/testing/ and the schema of recipes describe it. Files of a test lie
in the environment, below ``script.cwd`` (``etc/conda/test-files/NAME/NUMBER``); older ones in ``info/tests/NUMBER``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

LARGEST_LIST = 1 << 20
"""Bytes; a larger list of tests is not read."""


_SECTIONS: tuple[str, ...] = ("files", "site_packages", "bin", "lib", "include")


class UnreadableTestsError(Exception):
    """The package says its tests in a way that nobody understands."""


@dataclass(frozen=True, slots=True)
class Script:
    """Something to run. ``interpreter`` is a word of recipes, empty for the shell of the system."""

    text: str = ""
    commands: tuple[str, ...] = ()
    """In place of ``text``: each must end well for the next to begin, on every system."""
    file: str = ""
    """In place of both: a file beside the test."""
    interpreter: str = ""
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    """Variables of the worker that the script may see, and its log not."""


@dataclass(frozen=True, slots=True)
class Run:
    """Scripts for one environment, one after the other, in one folder."""

    scripts: tuple[Script, ...]
    specs: tuple[str, ...] = ()
    """What the environment has beside the package."""
    tools: tuple[str, ...] = ()
    """What a second environment has, which stands first in the path."""
    files: str = ""
    """Whose copy the folder is: below the environment, or below the package's own ``info``."""


Section = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
"""``files``, ``lib``, ...: the globs that must be there, and those that must not."""


@dataclass(frozen=True, slots=True)
class TestDefinition:
    """One test: runs, or a dependent to test, or what the package must hold; or why it cannot be run here."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    index: int
    kind: str
    runs: tuple[Run, ...] = ()
    downstream: str = ""
    contents: Section = field(default_factory=dict)
    strict: bool = False
    not_here: str = ""


def read_tests(text: bytes) -> tuple[TestDefinition, ...]:
    """The tests of ``info/tests/tests.yaml``. Raises UnreadableTestsError.

    Every scalar is taken as its text: a Python version ``3.10`` stays one. The loader is the one in Python: that in C
    takes the process down over a list that is nested deeply enough.
    """
    if len(text) > LARGEST_LIST:
        raise UnreadableTestsError(f"its list of tests has more than {LARGEST_LIST} bytes")
    try:
        said = yaml.load(text, yaml.BaseLoader)  # noqa: S506 -- makes texts alone
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UnreadableTestsError(f"its list of tests is no YAML: {error}") from error
    if not isinstance(said, list):
        raise UnreadableTestsError("its list of tests is no list")
    try:
        return tuple(_test(index, each) for index, each in enumerate(said))
    except (AttributeError, TypeError) as error:
        raise UnreadableTestsError(f"its list of tests holds what no test has: {error}") from error


def _test(index: int, said: Any) -> TestDefinition:
    readers = {
        "python": _python, "script": _commands, "perl": _perl, "r": _r, "ruby": _ruby,
        "downstream": _downstream, "package_contents": _contents,
    }  # fmt: skip
    kind = next((name for name in readers if isinstance(said, dict) and name in said), "")
    if not kind:
        raise UnreadableTestsError(f"its test {index + 1} is of no known kind")
    return readers[kind](index, said)


def _python(index: int, said: dict[str, Any]) -> TestDefinition:
    """``imports``, and unless told otherwise ``pip check``, in one environment for each ``python_version``."""
    asked = _map(said["python"])
    imports = Script("".join(f"import {name}\n" for name in _list(asked.get("imports"))), interpreter="python")
    pip = asked.get("pip_check", "true").lower() != "false"
    scripts = (imports, Script("pip check")) if pip else (imports,)
    more = ("pip",) if pip else ()
    pins: list[tuple[str, ...]] = [(f"python={version}",) for version in _list(asked.get("python_version"))] or [()]
    return TestDefinition(index, "python", tuple(Run(scripts, (*pin, *more)) for pin in pins))


def _perl(index: int, said: dict[str, Any]) -> TestDefinition:
    text = "".join(f"use {name};\n" for name in _list(_map(said["perl"]).get("uses")))
    return TestDefinition(index, "perl", (Run((Script(text, interpreter="perl"),), ("perl",)),))


def _r(index: int, said: dict[str, Any]) -> TestDefinition:
    text = "".join(f"library({name})\n" for name in _list(_map(said["r"]).get("libraries")))
    return TestDefinition(index, "r", (Run((Script(text, interpreter="rscript"),), ("r-base",)),))


def _ruby(index: int, said: dict[str, Any]) -> TestDefinition:
    text = "".join(f"require '{name}'\n" for name in _list(_map(said["ruby"]).get("requires")))
    return TestDefinition(index, "ruby", (Run((Script(text, interpreter="ruby"),), ("ruby",)),))


def _downstream(index: int, said: dict[str, Any]) -> TestDefinition:
    return TestDefinition(index, "downstream", downstream=str(said["downstream"]))


def _commands(index: int, said: dict[str, Any]) -> TestDefinition:
    needs = _map(said.get("requirements"))
    script, files = read_script(said["script"])
    run = Run((script,), _specs(needs.get("run")), _specs(needs.get("build")), files or f"info/tests/{index}")
    return TestDefinition(index, "commands", (run,))


def read_script(said: Any) -> tuple[Script, str]:
    """A script, as text, as a list of commands, or with its interpreter and variables; and the folder it runs in."""
    if not isinstance(said, dict):
        return Script(commands=tuple(said)) if isinstance(said, list) else Script(str(said)), ""
    content = said.get("content", "")
    script = Script(
        text=content if isinstance(content, str) else "",
        commands=tuple(content) if isinstance(content, list) else (),
        file="" if content else said.get("file", ""),
        interpreter=said.get("interpreter", "").lower(),
        environment={str(name): str(value) for name, value in _map(said.get("env")).items()},
        secrets=_list(said.get("secrets")),
    )
    return script, said.get("cwd", "")


def _contents(index: int, said: dict[str, Any]) -> TestDefinition:
    asked = _map(said["package_contents"])
    sections: Section = {
        name: (_list(asked[name].get("exists")), _list(asked[name].get("not_exists")))
        if isinstance(asked[name], dict)
        else (_list(asked[name]), ())
        for name in _SECTIONS
        if name in asked
    }
    strict = asked.get("strict", "false").lower() == "true"
    return TestDefinition(index, "package_contents", contents=sections, strict=strict)


def _specs(said: Any) -> tuple[str, ...]:
    """Requirements; a pin that was never resolved stands for its name alone."""
    found: list[str] = []
    for each in said if isinstance(said, Sequence) and not isinstance(said, str) else ():
        pin = next(iter(each.values())) if isinstance(each, dict) and each else each
        found.append(pin.get("name", "") if isinstance(pin, dict) else str(pin))
    return tuple(spec for spec in found if spec)


def _map(said: Any) -> dict[str, Any]:
    return said if isinstance(said, dict) else {}


def _list(said: Any) -> tuple[str, ...]:
    if isinstance(said, list):
        return tuple(str(each) for each in said)
    return (str(said),) if said else ()
