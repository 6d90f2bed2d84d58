"""Regression or not: a run of tests that did not pass, beside the same tests without the change.

Only what passed before and fails now stops anything (Debian's rule for autopkgtests: a regression blocks, a test that
"always failed" does not). The excuse is narrow: what fails now must have failed before in the same way. A test that
fails at something else than it did hides a second fault behind the first, and is a regression.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from controller.domain.baselines import Comparison, Likeness, Part, Run
from workers.contract.reports import Outcome

_GOOD = frozenset({Outcome.PASSED, Outcome.NO_TESTS})


def compare(now: Run, before: Run) -> Comparison:
    """What ``now``, which did not pass, is beside ``before``."""
    likeness, news = _likeness(now, before)
    return Comparison(likeness, before.job, before.file, news)


def _likeness(now: Run, before: Run) -> tuple[Likeness, tuple[str, ...]]:
    if before.outcome in _GOOD:
        return Likeness.PASSED_BEFORE, ()
    if before.outcome is Outcome.INFRASTRUCTURE:
        return Likeness.UNKNOWN_BEFORE, ()
    if before.outcome is Outcome.UNSOLVABLE:
        same = now.outcome is Outcome.UNSOLVABLE
        return (Likeness.AS_BEFORE if same else Likeness.NOT_INSTALLED_BEFORE), ()
    if now.outcome is Outcome.UNSOLVABLE:
        return Likeness.INSTALLED_BEFORE, ()
    if now.outcome is not before.outcome:
        return Likeness.OTHERWISE_BEFORE, ()
    return _in_the_same_way(now, before)


def _in_the_same_way(now: Run, before: Run) -> tuple[Likeness, tuple[str, ...]]:
    news: list[str] = []
    alike = True
    for part in _failing(now):
        then = [other for other in _failing(before) if _is_same_test(part, other, same_file=now.file == before.file)]
        new, like = _news(part, then)
        news += new
        alike = alike and like
    if alike and not _cases_tell(now, before):
        alike = set(now.signatures) <= set(before.signatures)
    return (Likeness.AS_BEFORE if alike else Likeness.OTHERWISE_BEFORE), tuple(news)


def _failing(run: Run) -> list[Part]:
    return [part for part in run.parts if part.outcome not in _GOOD]


def _is_same_test(part: Part, other: Part, *, same_file: bool) -> bool:
    """Another version of a package may carry its tests in another order."""
    return part.kind == other.kind and (part.index == other.index or not same_file)


def _news(part: Part, then: Collection[Part]) -> tuple[list[str], bool]:
    """The cases that fail only now, and whether the test failed in the same way before, as far as its cases tell."""
    if not then:
        return list(part.cases), False
    known = {case for other in then for case in other.cases}
    new = [case for case in part.cases if case not in known]
    return (new, not new) if part.cases and known else ([], not part.cases or not known)


def _cases_tell(now: Run, before: Run) -> bool:
    """Whether every failing test of both wrote down its cases: then the lines of the log add nothing."""
    failing = [*_failing(now), *_failing(before)]
    return bool(failing) and all(part.cases for part in failing)


def is_believed(outcome: Outcome, at: datetime, snapshot: int, now: datetime, current: int, days: float) -> bool:
    """Whether a run that was seen at ``at``, on a snapshot of the target, stands for the one that nobody made now.

    That something passed is believed for ``days``: if it fails without the change by now, somebody is only stopped
    for nothing, and a retry tells. That something failed excuses others, and is believed on the same snapshot alone.
    """
    if outcome is Outcome.INFRASTRUCTURE or now - at >= timedelta(days=days):
        return False
    return outcome in _GOOD or snapshot == current
