"""When what stays behind of a batch breaks nothing."""

import pytest

from controller.domain.jobs import JobKind, JobState
from controller.domain.verdicts import StaysBehind
from controller.planning.as_expected import came_as_expected
from controller.planning.subset import JobEnd


def end(name: str, state: JobState) -> JobEnd:
    return JobEnd(JobKind.BUILD, name, "linux-64", state, (f"linux-64/{name}-1-0.conda",))


def stay(*blamed: str) -> StaysBehind:
    return StaysBehind("linux-64/x-1-0.conda", "x", "why", tuple(f"build of {name} (linux-64)" for name in blamed))


ENDS = [end("one", JobState.PASSED), end("two", JobState.EXPECTED), end("three", JobState.BLOCKED)]


def test_what_failed_as_expected_and_what_needs_it_break_nothing() -> None:
    assert came_as_expected(ENDS, [stay("two"), stay("two")])


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.UNSOLVABLE, JobState.QUARANTINED, JobState.CANCELLED])
def test_anything_else_that_broke_counts(state: JobState) -> None:
    assert not came_as_expected([*ENDS, end("four", state)], [stay("two")])


def test_what_stays_for_another_reason_counts() -> None:
    assert not came_as_expected(ENDS, [stay("two"), stay("one")])
    assert not came_as_expected(ENDS, [stay()])
    assert not came_as_expected([end("one", JobState.PASSED)], [stay("one")])
