"""Failing lines of real logs, their kinds, and the signatures that equal faults share."""

import pytest

from controller.planning.diagnosis import diagnose, signature_of


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("src/main.c:12:10: fatal error: tally.h: No such file or directory", "missing file"),
        ("src/main.c:12:3: error: too few arguments to function 'tally_add'", "compiler"),
        ("error[E0425]: cannot find value `x` in this scope", "compiler"),
        ("CMake Error at CMakeLists.txt:3 (find_package):", "compiler"),
        ("main.o: in function `main': undefined reference to `tally_add'", "linker"),
        ("/usr/bin/ld: cannot find -ltally: No such file or directory", "linker"),
        ("ImportError: undefined symbol: cblas_zgemm3m", "linker"),
        ("LINK : fatal error LNK1181: cannot open input file 'mkl_rt.lib'", "linker"),
        ("Cannot solve the request because of: lib >=2.0 cannot be installed", "solver"),
        ("  - No candidates were found for libtally >=9.", "solver"),
        ("AssertionError: 3 != 4", "test"),
        ("FAIL: test_mean (test_pytally.TestTally.test_mean)", "test"),
        ("FAILED tests/test_a.py::test_b - assert 1 == 2", "test"),
        ("2 failed, 13 passed in 0.53s", "test"),
        ("double free or corruption (!prev)", "test"),
        ("./run.sh: line 3: 1234 Segmentation fault      (core dumped) tool", "test"),
        ("ModuleNotFoundError: No module named 'pytally'", "missing file"),
        ("make: gcc: command not found", "missing file"),
        ("virtual memory exhausted: Cannot allocate memory", "memory"),
        ("c++: fatal error: Killed signal terminated program cc1plus, signal 9", "memory"),
        ("subprocess.TimeoutExpired: Command 'x' timed out after 30 seconds", "time"),
        ("curl: (6) Could not resolve host: example.org", "network"),
        ("\x1b[31mConnection refused\x1b[0m", "network"),
    ],
)
def test_kinds(line: str, kind: str) -> None:
    assert [found.kind for found in diagnose(["a harmless line", line])] == [kind]


@pytest.mark.parametrize(
    "line",
    [
        "gcc -Wall -Werror -c main.c", "checking for error: whether it works... no", "0 errors, 3 warnings",
        "== 14 passed, 0 failed in 2 s ==", "-- Looking for pthread_create - not found", "test_error_handler ... ok",
        "+ test -f missing || echo error: gone", "",
    ],
)  # fmt: skip
def test_lines_that_only_look_like_faults(line: str) -> None:
    assert diagnose([line]) == ()


def test_lines_are_numbered_from_one_and_keep_their_order() -> None:
    found = diagnose(["fine", "main.c:1:1: error: one", "fine", "AssertionError"])
    assert [(f.line, f.kind) for f in found] == [(2, "compiler"), (4, "test")]


def test_the_same_fault_is_told_once() -> None:
    lines = [f"main.c:{n}:1: error: unknown type name 'tally_t'" for n in range(50)]
    assert [f.line for f in diagnose(lines)] == [1]


def test_at_most_a_dozen_lines_are_told() -> None:
    assert len(diagnose([f"AssertionError: {'x' * n}" for n in range(50)])) == 12


def test_without_anything_better_the_last_word_on_the_end_is_told() -> None:
    found = diagnose(["fine", "Script failed with status 3", "fine"])
    assert [(f.line, f.kind) for f in found] == [(2, "script")]
    assert diagnose(["fine"]) == ()


def test_a_line_without_end_costs_no_time() -> None:
    assert diagnose(["x" * 5_000_000]) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/srv/bld/rattler-build_a_17/work/main.c:12:3: error: no x", "/home/b/main.c:99:1: error: no x"),
        ("ImportError: libmkl_rt.so.2: undefined symbol: f", "ImportError: libmkl_rt.so.3: undefined symbol: f"),
        ("2026-11-23T10:00:00Z lib-1.0-h1a2b3c4_0 failed", "2026-11-24T11:22:33Z lib-2.1-hdeadbe1_3 failed"),
        ("timed out after 30.5 s", "timed out after 7 s"),
        ("at 0x7ffc1234", "at 0xdeadbeef"),
        (r"C:\bld\a\main.obj : error LNK2019", r"D:\other\main.obj : error LNK2019"),
    ],
)
def test_equal_faults_share_a_signature(one: str, other: str) -> None:
    assert signature_of(one) == signature_of(other)


def test_different_faults_do_not() -> None:
    assert signature_of("undefined symbol: f") != signature_of("undefined symbol: g")
