"""Packages laid out as conda-build lays them out, tested for real."""

import json
import sys

import pytest

from tests.kit.checked import Runnable, channel_of, checked, program, python
from tests.kit.orders import HERE
from tests.workers.checks.conftest import Try

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the packages' programs are shell scripts")


def old(tests: dict[str, str], requires: tuple[str, ...] = (), **more: object) -> Runnable:
    info = {f"info/test/{name}": text.encode() for name, text in tests.items()}
    if requires:
        info["info/test/test_time_dependencies.json"] = json.dumps(requires).encode()
    return Runnable(name="toy", subdir=HERE, info=info, **more)  # type: ignore[arg-type]


def test_imports_and_commands_run_each_with_a_verdict(attempt: Try) -> None:
    files = {
        "run_test.py": "print(\"import: 'json'\")\nimport json\nimport helper\n",
        "helper.py": "",
        "run_test.sh": "\n\nset -ex\n\n\n\ntest -f helper.py\ntool | grep ready\nexit 0\n",
    }
    done = attempt(old(files, ("tool",)), [python(), program("tool", "echo ready")])
    assert [(test.kind, test.outcome) for test in done.result.tests] == [("python", "passed"), ("commands", "passed")]


def test_a_command_that_fails_in_the_middle_fails(attempt: Try) -> None:
    done = attempt(old({"run_test.sh": "false\ntrue\n"}))
    assert done.outcomes == ["failed"]


def test_an_import_that_fails_is_told(attempt: Try) -> None:
    done = attempt(old({"run_test.py": "import nothing_of_the_kind\n"}), [python()])
    assert "No module named 'nothing_of_the_kind'" in done.result.tests[0].message


def test_requirements_that_cannot_be_met_are_told_in_the_solvers_words(attempt: Try) -> None:
    done = attempt(old({"run_test.sh": "true\n"}, ("no-such-tool",)))
    assert done.result.outcome == "unsolvable"
    assert "no-such-tool" in done.result.message


def test_commands_for_windows_alone_are_not_run_here(attempt: Try) -> None:
    done = attempt(old({"run_test.bat": "exit 0\n"}))
    assert done.result.outcome == "not_runnable"
    assert "run_test.bat" in done.result.message


def test_files_without_a_script_are_no_test(attempt: Try) -> None:
    done = attempt(old({"data.txt": "x"}))
    assert done.result.outcome == "no_tests"
    assert "carries no test" in done.result.message


def test_tests_of_both_formats_are_counted_on(attempt: Try) -> None:
    package = old({"run_test.sh": "true\n"})
    info = dict(package.info) | {"info/tests/tests.yaml": b"- script: 'true'\n- script: 'false'\n"}
    done = attempt(Runnable(name="toy", subdir=HERE, info=info))
    assert [(test.index, test.outcome) for test in done.result.tests] == [(0, "passed"), (1, "passed"), (2, "failed")]


def test_an_archive_of_the_old_format_is_read_as_well(attempt: Try, tmp_path_factory: pytest.TempPathFactory) -> None:
    package = old({"run_test.sh": "test -x $PREFIX/bin/toy\n"}, files={"bin/toy": b"#!/bin/sh\n"})
    folder = tmp_path_factory.mktemp("old")
    path = folder / HERE / f"{package.stem}.tar.bz2"
    path.parent.mkdir()
    path.write_bytes(package.tar_bz2())
    done = checked(path, folder / "run", (channel_of(folder / "channel"),))
    assert done.outcomes == ["passed"], done.text
