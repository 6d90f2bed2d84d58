"""What one run of a package's test means.

The builder's word alone is not enough: it has been seen to call a test passed that never ran.
"""

from collections.abc import Iterable, Sequence

from workers.builders.telling import script_status, telling_line

_NOT_RUN = "Downstream test could not run"
_NO_ENVIRONMENT = "failed to setup test environment"

_WORST_FIRST = ("failed", "unsolvable", "infrastructure", "not_runnable", "no_tests", "passed")


def is_unsolved_downstream(output: Sequence[str]) -> bool:
    """Whether this was a downstream test whose environment has no solution; such a test "passes"."""
    return any(_NOT_RUN in line for line in output)


def has_no_environment(output: Sequence[str]) -> bool:
    """Whether the test never began, because its environment could not be made."""
    return any(_NO_ENVIRONMENT in line for line in output)


def failure(output: Sequence[str]) -> str:
    """One line that tells most about a failed test."""
    told, status = telling_line(output), script_status(output)
    return f"{told} ({status})" if status and status not in told else told


def worst(outcomes: Iterable[str]) -> str:
    """The outcome of a whole test run: a failure outweighs all; no outcome at all is ``no_tests``, never passed."""
    return min(outcomes, key=_WORST_FIRST.index, default="no_tests")
