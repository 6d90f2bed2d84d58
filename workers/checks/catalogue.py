"""All tests that travel in a package, of the old format and of the new one."""

from dataclasses import replace

from workers.checks.archives import Archive
from workers.checks.definitions import TestDefinition, read_tests
from workers.checks.old_definitions import read_old_tests
from workers.checks.scripts import WINDOWS

_TESTS = "info/tests/tests.yaml"


def tests_of(archive: Archive) -> tuple[TestDefinition, ...]:
    """Every test, in the order in which they are counted. Raises UnreadableTestsError."""
    old = read_old_tests(archive.info, "windows" if WINDOWS else "posix")
    new = read_tests(archive.info[_TESTS]) if _TESTS in archive.info else ()
    return old + tuple(replace(test, index=test.index + len(old)) for test in new)
