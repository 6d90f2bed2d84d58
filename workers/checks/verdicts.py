"""What one run of a package's tests means."""

from collections.abc import Iterable

_WORST_FIRST = ("failed", "unsolvable", "infrastructure", "not_runnable", "passed")


def worst(outcomes: Iterable[str]) -> str:
    """The outcome of a whole test run: a failure outweighs all; no test that was run is ``no_tests``, never passed.

    A test that found nothing to run says nothing, for better or worse, beside others that ran.
    """
    ran = (outcome for outcome in outcomes if outcome != "no_tests")
    return min(ran, key=_WORST_FIRST.index, default="no_tests")


def end_of(status: int) -> str:
    """How a script ended, in words."""
    return f"killed by signal {status - 128}" if 128 < status < 160 else f"exited with status {status}"
