"""Tests as packages carry them, in both formats."""

import json

import pytest

from workers.checks.definitions import Script, UnreadableTestsError, read_tests
from workers.checks.old_definitions import read_old_tests

REAL = b"""
- python:
    imports:
    - numpy.testing
- python:
    imports:
    - numpy.matrix
    pip_check: false
    python_version:
    - 3.10
    - 3.8.*
- script:
    content: echo "FOO"
- script:
  - echo one
  - echo two
- script: echo plain
- script:
    interpreter: python
    env:
      FOO: BAR
      LEVEL: 1
    secrets:
    - ABC
    content: print("i am the test")
    cwd: etc/conda/test-files/numpy/5
  requirements:
    run:
    - pytest
    - pin_subpackage:
        name: libnumpy
        lower_bound: x.x
    build:
    - emulator >=2
  files:
    recipe:
    - test.py
- downstream: foo
- perl:
    uses:
    - Test::More
- r:
    libraries:
    - testthat
- ruby:
    requires:
    - minitest
- package_contents:
    files:
    - share/x
    lib:
      exists: [a]
      not_exists: [b]
    strict: true
"""


def test_every_kind_of_the_new_format_is_read() -> None:
    tests = read_tests(REAL)
    assert [test.index for test in tests] == list(range(11))
    assert [test.kind for test in tests] == [
        *("python", "python", "commands", "commands", "commands", "commands"),
        *("downstream", "perl", "r", "ruby", "package_contents"),
    ]
    assert tests[6].downstream == "foo"
    assert [test.runs[0].specs for test in tests[7:10]] == [("perl",), ("r-base",), ("ruby",)]
    assert (tests[10].contents, tests[10].strict) == ({"files": (("share/x",), ()), "lib": (("a",), ("b",))}, True)


def test_a_python_test_asks_for_pip_and_for_each_version_of_its_list() -> None:
    plain, versions, *_ = read_tests(REAL)
    assert plain.runs[0].specs == ("pip",)
    assert plain.runs[0].scripts == (Script("import numpy.testing\n", interpreter="python"), Script("pip check"))
    assert [run.specs for run in versions.runs] == [("python=3.10",), ("python=3.8.*",)], "3.10 is not 3.1"
    assert [len(run.scripts) for run in versions.runs] == [1, 1]


def test_a_script_is_a_text_or_a_list_or_has_an_interpreter_and_more() -> None:
    tests = read_tests(REAL)
    assert tests[2].runs[0].scripts == (Script('echo "FOO"'),)
    assert tests[3].runs[0].scripts == (Script(commands=("echo one", "echo two")),)
    assert tests[4].runs[0].scripts == (Script("echo plain"),)
    (run,) = tests[5].runs
    assert run.scripts[0] == Script(
        'print("i am the test")', interpreter="python", environment={"FOO": "BAR", "LEVEL": "1"}, secrets=("ABC",)
    )
    assert (run.specs, run.tools, run.files) == (
        ("pytest", "libnumpy"), ("emulator >=2",), "etc/conda/test-files/numpy/5"
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        b"- [",
        b"x: y",
        b"- unheard: of",
        b"- 3",
        b"- script:\n    content: x\n    interpreter: [a]",
        b"[" * 100_000,
        b"\x00",
    ],
)
def test_a_list_that_nobody_understands_is_said_to_be_one(text: bytes) -> None:
    with pytest.raises(UnreadableTestsError):
        read_tests(text)


def test_an_empty_list_holds_no_tests() -> None:
    assert read_tests(b"[]") == ()


def old(**files: bytes) -> dict[str, bytes]:
    return {f"info/test/{name.replace('__', '.')}": data for name, data in files.items()}


ALL = old(run_test__py=b"", run_test__pl=b"", run_test__lua=b"", run_test__r=b"", run_test__sh=b"", run_test__bat=b"")


def test_each_file_of_the_old_format_is_a_test_with_its_interpreter() -> None:
    tests = read_old_tests(ALL, "posix")
    assert [(test.index, test.kind) for test in tests] == [
        (0, "python"), (1, "perl"), (2, "lua"), (3, "r"), (4, "commands")
    ]  # fmt: skip
    assert [test.runs[0].scripts[0].file for test in tests] == [
        f"run_test.{end}" for end in ("py", "pl", "lua", "r", "sh")
    ]
    assert [test.runs[0].specs for test in tests] == [("python",), ("perl",), ("lua",), ("r-base",), ()]
    assert {test.runs[0].files for test in tests} == {"info/test"}
    assert read_old_tests(ALL, "windows")[-1].runs[0].scripts[0].file == "run_test.bat"


def test_what_a_test_of_the_old_format_requires_is_read_from_where_conda_build_wrote_it() -> None:
    listed = ALL | {"info/test/test_time_dependencies.json": json.dumps(["pytest >=7  # new", "python 3.9.*"]).encode()}
    assert read_old_tests(listed, "posix")[0].runs[0].specs == ("pytest >=7", "python 3.9.*")
    recipe = {"info/recipe/meta.yaml": b"test:\n  requires:\n    - pytest\n    - mro-base\n"}
    assert read_old_tests(ALL | recipe, "posix")[3].runs[0].specs == ("pytest", "mro-base")
    templates = {"info/recipe/meta.yaml": b"{% set x = 1 %}\ntest: {{ x }}: [\n"}
    assert read_old_tests(ALL | templates, "posix")[4].runs[0].specs == ()


def test_commands_for_the_other_system_alone_cannot_be_run_here() -> None:
    (test,) = read_old_tests(old(run_test__bat=b""), "posix")
    assert "run_test.bat" in test.not_here
    both = read_old_tests(old(run_test__bat=b"", run_test__py=b""), "posix")
    assert [test.kind for test in both] == ["python"]


def test_a_list_of_requirements_that_is_none_is_said_to_be_one() -> None:
    with pytest.raises(UnreadableTestsError, match="test_time_dependencies"):
        read_old_tests(ALL | old(test_time_dependencies__json=b"{"), "posix")


def test_a_package_without_test_files_has_no_tests() -> None:
    assert read_old_tests({"info/index.json": b"{}"}, "posix") == ()
