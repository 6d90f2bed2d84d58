"""The tests of a package that conda-build made.

The source of the format is conda-build's ``create_test.py``: ``info/test/`` holds all files that the tests see, among
them ``run_test.py``, ``.pl``, ``.lua``, ``.r``, ``.sh`` and ``.bat``, into which it has written the recipe's imports
and commands; ``test_time_dependencies.json`` lists ``test/requires``. Before it wrote that list, the rendered recipe in
``info/recipe/meta.yaml`` had it alone. Each file is one test here, so that each has a verdict.
"""

import json
from collections.abc import Mapping

import yaml

from workers.checks.definitions import LARGEST_LIST, Run, Script, TestDefinition, UnreadableTestsError

FOLDER = "info/test"
_LIST = f"{FOLDER}/test_time_dependencies.json"
_RECIPE = "info/recipe/meta.yaml"

_KINDS = (
    (("run_test.py",), "python", "python", ("-s",), "python"),
    (("run_test.pl",), "perl", "perl", (), "perl"),
    (("run_test.lua",), "lua", "lua", (), "lua"),
    (("run_test.r", "run_test.R"), "r", "rscript", (), "r-base"),
    (("run_test.rb",), "ruby", "ruby", (), "ruby"),
)
"""File names, kind, interpreter, its options, and the package that conda-build adds to the environment for it."""
_SHELLS = {"posix": ("run_test.sh", "bash", ("-e", "-x")), "windows": ("run_test.bat", "cmd", ())}


def read_old_tests(info: Mapping[str, bytes], system: str, first: int = 0) -> tuple[TestDefinition, ...]:
    """The tests among the files of ``info/`` for ``system`` (``posix`` or ``windows``), in conda-build's order.

    A package that has only the other system's commands has one test, which cannot be run here.
    """
    specs = _requires(info)
    found = [
        (kind, Script(file=name, interpreter=interpreter, options=options), _with(specs, needs))
        for names, kind, interpreter, options, needs in _KINDS
        for name in names
        if f"{FOLDER}/{name}" in info
    ]
    name, shell, options = _SHELLS[system]
    if f"{FOLDER}/{name}" in info:
        found.append(("commands", Script(file=name, interpreter=shell, options=options), specs))
    if not found:
        return _for_others(info, first)
    return tuple(
        TestDefinition(first + index, kind, (Run((script,), needs, files=FOLDER),))
        for index, (kind, script, needs) in enumerate(found)
    )


def _for_others(info: Mapping[str, bytes], first: int) -> tuple[TestDefinition, ...]:
    other = next((name for name, _, _ in _SHELLS.values() if f"{FOLDER}/{name}" in info), "")
    why = f"The package has its commands in {other} alone, which this system does not run."
    return (TestDefinition(first, "commands", not_here=why),) if other else ()


def _with(specs: tuple[str, ...], needs: str) -> tuple[str, ...]:
    named = {spec.split()[0] for spec in specs if spec.split()}
    return specs if needs in named or (needs == "r-base" and "mro-base" in named) else (*specs, needs)


def _recipe(info: Mapping[str, bytes]) -> bytes:
    text = info.get(_RECIPE, b"")
    return text if len(text) <= LARGEST_LIST else b""


def _requires(info: Mapping[str, bytes]) -> tuple[str, ...]:
    """``test/requires``. Raises UnreadableTestsError."""
    try:
        if _LIST in info:
            said = json.loads(info[_LIST])
        else:
            recipe = yaml.load(_recipe(info), yaml.BaseLoader) or {}  # noqa: S506
            said = (recipe.get("test") or {}).get("requires") or []
    except (ValueError, AttributeError, RecursionError, yaml.YAMLError) as error:
        if _LIST not in info:
            return ()  # a recipe with its templates in it is no YAML, and says nothing
        raise UnreadableTestsError(f"its {_LIST} is no list of requirements: {error}") from error
    listed = said if isinstance(said, list) else [said]
    return tuple(str(spec).split("#")[0].strip() for spec in listed if str(spec).split("#")[0].strip())
