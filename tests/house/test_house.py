"""The rules of the house that import-linter cannot see."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "misc", "base"}
CLOCKS = {"controller/gateways/clock.py"}
MODULE_BOUND, FUNCTION_BOUND = 300, 30
LONG_MODULES = {
    "controller/storage/jobs.py": "the queries of one table and its edges",
    "controller/gateways/archives.py": "one reader of hostile archives, easier to check in one piece",
    "controller/services/answers/shapes.py": "declarations alone; plans, forecasts and recipes have their own",
}
LONG_FUNCTIONS = {
    "controller/gateways/packages.py:_artifact": "one flat list of fields, one a line",
}


def sources(*folders: str) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "/migrations/versions/" not in name:
                yield name, path.read_text(encoding="utf-8")


def functions(text: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_module_is_longer_than_the_bound() -> None:
    long = {
        name: text.count("\n") for name, text in sources("controller", "workers") if text.count("\n") > MODULE_BOUND
    }
    assert set(long) <= set(LONG_MODULES), long


def test_no_function_is_longer_than_the_bound() -> None:
    long = [
        f"{name}:{function} ({lines})"
        for name, text in sources("controller", "workers")
        for function, lines in functions(text)
        if lines > FUNCTION_BOUND
    ]
    assert [name for name in long if not name.startswith(tuple(LONG_FUNCTIONS))] == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [name for name, _ in sources("controller", "workers", "tests") if Path(name).stem in FORBIDDEN_NAMES] == []


def test_only_the_clock_asks_for_the_time_in_the_controller() -> None:
    asking = re.compile(r"\b(?:datetime\.now|datetime\.utcnow|time\.time)\(")
    wrong = [name for name, text in sources("controller") if name not in CLOCKS and asking.search(text)]
    assert wrong == []


def test_only_the_wiring_and_what_starts_it_read_settings() -> None:
    reading = re.compile(r"from controller\.settings import")
    wrong = [name for name, text in sources("controller") if reading.search(text)]
    outside = [name for name in wrong if name != "controller/wiring.py" and not name.startswith("controller/cli/")]
    assert outside == []


def test_every_setting_has_a_sentence() -> None:
    from controller.settings import Settings

    silent = [name for name, field in Settings.model_fields.items() if not (field.description or "").endswith(".")]
    assert silent == []


def test_every_error_says_when_it_is_raised_and_has_a_code_of_its_own() -> None:
    from controller.domain import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.FarmError)]
    assert all((kind.__doc__ or "").strip() for kind in kinds)
    assert len({kind.code for kind in kinds}) == len(kinds)


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX"])
def test_no_note_to_self_is_left_in_the_code(word: str) -> None:
    marked = re.compile(rf"\b{word}\b")
    assert [name for name, text in sources("controller", "workers") if marked.search(text)] == []
