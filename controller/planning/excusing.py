"""Which failures count as none: what is quarantined, and what a tree expects to fail. Whatever else failed counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from controller.domain.cases import case_name
from controller.domain.expected import Expected
from controller.domain.plans import PlannedJob
from controller.domain.quarantines import Quarantine
from controller.domain.remarks import Remark, RemarkKind
from workers.contract.reports import Outcome, TestCase, TestOutcome

_GOOD = frozenset({Outcome.PASSED, Outcome.NO_TESTS})


@dataclass(frozen=True, slots=True)
class Failed:
    """One test of a file that failed. Without ``cases`` nobody knows which."""

    cases: tuple[str, ...] = ()
    more: bool = False
    """More cases failed than are told."""


def failed_of(tests: Sequence[TestOutcome]) -> tuple[Failed, ...] | None:
    """What failed; None where something ended neither well nor by failing: that nothing excuses.

    Of a report that tells of no test it is one that tells no cases.
    """
    bad = [test for test in tests if test.outcome not in _GOOD]
    if any(test.outcome is not Outcome.FAILED for test in bad):
        return None
    return tuple(_failed(test) for test in bad) or (Failed(),)


def _failed(test: TestOutcome) -> Failed:
    names = tuple(dict.fromkeys(case_name(case.name) for case in test.failing))
    return Failed(names, more=test.failed > len(test.failing))


def excuses(
    failed: Sequence[Failed], expected: Sequence[Expected], quarantined: Sequence[Quarantine]
) -> tuple[Remark, ...]:
    """An excuse for each case, or test that tells none, that failed; nothing at all where one of them has none."""
    found: dict[Remark, None] = {}
    for test in failed:
        named = [_excuse(case, expected, quarantined) for case in test.cases or ("",)]
        if test.more:
            named.append(next((_as_expected(entry, "") for entry in expected if not entry.case), None))
        for remark in named:
            if remark is None:
                return ()
            found[remark] = None
    return tuple(found)


def _excuse(case: str, expected: Sequence[Expected], quarantined: Sequence[Quarantine]) -> Remark | None:
    """An entry of the tree without a case excuses every case; a quarantine only what it names."""
    for entry in expected:
        if not entry.case or (case and entry.names(case)):
            return _as_expected(entry, case)
    for held in quarantined:
        if held.covers(case):
            return Remark(RemarkKind.QUARANTINED, case, held.reason, held.author, held.until.date())
    return None


def _as_expected(entry: Expected, case: str) -> Remark:
    return Remark(RemarkKind.EXPECTED, case, entry.why, until=entry.until)


def beside(
    failed: Sequence[Failed], expected: Sequence[Expected], quarantined: Sequence[Quarantine]
) -> tuple[Remark, ...]:
    """Where something that failed counts: the excuses of what else failed, so that people see which is which."""
    found = (_excuse(case, expected, quarantined) for test in failed for case in test.cases)
    return tuple(dict.fromkeys(remark for remark in found if remark is not None))


def build_excuse(expected: Sequence[Expected]) -> tuple[Remark, ...]:
    """Of a build that failed: that it was expected to."""
    return tuple(_as_expected(entry, "") for entry in expected[:1])


def lapsed(expected: Sequence[Expected], today: date, failed: Sequence[Failed]) -> tuple[Remark, ...]:
    """Of a job that failed and counts: what would have excused it, or a part of it, before its day was past."""
    cases = [case for test in failed for case in test.cases]
    over = (entry for entry in expected if not entry.holds_on(today))
    past = (entry for entry in over if not entry.case or any(map(entry.names, cases)))
    return tuple(Remark(RemarkKind.OVER, entry.case, entry.why, until=entry.until) for entry in past)


def now_passing(expected: Sequence[Expected], cases: Sequence[TestCase] | None, *, passed: bool) -> tuple[Remark, ...]:
    """What a tree expects to fail and did not. ``cases`` are all that ran, where that is known.

    Of a case that was skipped, is not there, or of which nobody tells, nothing is said.
    """
    found = (entry for entry in expected if (_case_passes(entry, cases or ()) if entry.case else passed))
    return tuple(Remark(RemarkKind.NOW_PASSES, entry.case, entry.why, until=entry.until) for entry in found)


def _case_passes(entry: Expected, cases: Sequence[TestCase]) -> bool:
    meant = {case.outcome for case in cases if entry.names(case_name(case.name))}
    return Outcome.PASSED in meant and Outcome.FAILED not in meant


def expected_of(job: PlannedJob, rules: Sequence[Expected]) -> tuple[Expected, ...]:
    """What of these a job is about, by its own name and those of all that it makes."""
    return tuple(rule for rule in rules if any(rule.speaks_of(name, job.subdir, job.kind) for name in _names(job)))


def _names(job: PlannedJob) -> Iterator[str]:
    yield job.name
    yield from (output.name for output in job.outputs)
