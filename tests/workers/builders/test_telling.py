import pytest

from workers.builders.telling import telling_line

UNITTEST = """\
Traceback (most recent call last):
  File "test_fast.py", line 7, in test_dot
    self.assertEqual(dot([1], [2]), 3)
AssertionError: 2 != 3

----------------------------------------------------------------------
Ran 1 test in 0.001s

FAILED (failures=1)
Script failed with status 1
"""
PYTEST = """\
>       assert dot([1], [2]) == 3
E       assert 2 == 3
E       ValueError: no
=========================== short test summary info ============================
FAILED test_fast.py::test_dot - ValueError: no
"""
COMPILER = """\
+ gcc -c foo.c
foo.c: In function 'main':
foo.c:3:5: error: 'undeclared' undeclared (first use in this function)
    3 |     undeclared = 3;
      |     ^~~~~~~~~~
make: stopping
Script failed with status 1
"""
LINKER = (
    "+ gcc -o x x.o -ltoy\n/usr/bin/ld: cannot find -ltoy: No such file or directory\nScript failed with status 1\n"
)
QUIET = "+ ./configure\nchecking for a thing... no\n+ exit 1\nScript failed with status 1\n\nScript execution failed.\n"


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (UNITTEST, "AssertionError: 2 != 3"),
        (PYTEST, "E       ValueError: no"),
        (COMPILER, "foo.c:3:5: error: 'undeclared' undeclared (first use in this function)"),
        (LINKER, "/usr/bin/ld: cannot find -ltoy: No such file or directory"),
        (QUIET, "checking for a thing... no"),
        ("\x1b[31mToyError: red\x1b[0m\n", "ToyError: red"),
        ("", ""),
        ("+ false\n", "+ false"),
    ],
)
def test_the_cause_is_told_rather_than_what_follows_it(log: str, told: str) -> None:
    assert telling_line(log.splitlines()) == told


def test_a_line_of_any_length_is_told_short() -> None:
    assert len(telling_line(["ToyError: " + "x" * 100_000])) == 400
