"""What is said of how a job ended: whether its failure is excused, and whether anybody expected its pass."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from controller.domain.channels import TESTING
from controller.domain.expected import Expected
from controller.domain.failures import OURS, REAL, Decision, FailureClass, NextAct
from controller.domain.jobs import JUDGED, JobEvent, JobKind
from controller.domain.remark_words import excused_message
from controller.domain.remarks import EXCUSES, Remark, RemarkKind, weightiest
from controller.planning.excusing import beside, build_excuse, excuses, failed_of, lapsed, now_passing
from controller.services import cases
from controller.services.farm import Farm
from controller.services.flakes import suspected
from controller.storage import channels, events, expectations, quarantine
from controller.storage.database import Session
from controller.storage.expectations import ExpectationRow
from controller.storage.jobs import AttemptRow, JobRow
from controller.storage.tables import from_json, to_json
from workers.contract.reports import Outcome, Report


@dataclass(frozen=True, slots=True)
class Judged:
    """A try that ended: what follows, where it did not pass, and what is said of it."""

    decision: Decision | None
    remarks: tuple[Remark, ...] = ()
    event: JobEvent | None = None
    """How the job ends, where that is otherwise than the try alone would tell."""

    @property
    def excused(self) -> bool:
        """Whether tests failed and the job passes all the same."""
        return self.event is JobEvent.EXCUSE

    @property
    def ends(self) -> bool:
        """Whether the job is not tried again."""
        return self.decision is None or self.event is not None or not self.decision.repeats

    @property
    def verdict(self) -> str:
        """What a file is marked with; empty where the outcome alone tells."""
        kind = weightiest(self.remarks) if self.excused else None
        return kind.value if kind else ""

    def values(self) -> dict[str, Any]:
        """What the job keeps of it."""
        counted = [remark for remark in self.remarks if self.event or remark.kind not in EXCUSES]
        kind = weightiest(counted)
        kept: dict[str, Any] = {
            "remark": kind.value if kind else "", "remarks": [to_json(Remark, each) for each in self.remarks],
        }  # fmt: skip
        return kept | ({"message": excused_message(self.remarks)} if self.event is not None else {})


def judge_end(
    farm: Farm, session: Session, job: JobRow, attempt: AttemptRow, said: Report, decision: Decision | None
) -> Judged:
    """What a try comes to, in the light of what is quarantined and expected. Nothing is written."""
    expected = _expected(job)
    if decision is None:
        return Judged(None, _passing(farm, said, expected, passed=said.outcome is Outcome.PASSED))
    holding = [entry for entry in expected if entry.holds_on(farm.now().date())]
    if job.kind == JobKind.BUILD:
        found = _of_build(decision, holding)
    else:
        found = _of_test(farm, session, job, attempt, said, decision, holding)
    if found.event is None and not decision.repeats:
        found = replace(found, remarks=_beside(farm, session, job, said, expected))
    return found


def _beside(
    farm: Farm, session: Session, job: JobRow, said: Report, expected: Sequence[Expected]
) -> tuple[Remark, ...]:  # fmt: skip
    """What is said of a failure that counts."""
    today, failed = farm.now().date(), failed_of(said.tests) or ()
    holding = [entry for entry in expected if entry.holds_on(today)]
    cases_failed = any(test.cases for test in failed)
    held = quarantine.of_test(session, job.name, job.subdir, farm.now()) if cases_failed else []
    passing = _passing(farm, said, [entry for entry in expected if entry.case], passed=False)
    known = beside(failed, holding, [row.value() for row in held])
    return (*lapsed(expected, today, failed), *known, *passing)


def _expected(job: JobRow) -> list[Expected]:
    return [from_json(Expected, entry) for entry in job.expected]


def _passing(farm: Farm, said: Report, expected: Sequence[Expected], *, passed: bool) -> tuple[Remark, ...]:
    if not expected:
        return ()
    known = cases.all_cases(farm, said.tests) if any(entry.case for entry in expected) else None
    return now_passing(expected, known, passed=passed)


def of_known_failure(farm: Farm, job: JobRow) -> Judged:
    """Of a build that is not run since it would only fail again: whether it is expected to."""
    remarks = build_excuse([entry for entry in _expected(job) if entry.holds_on(farm.now().date())])
    return Judged(None, remarks, JobEvent.FAIL_AS_EXPECTED if remarks else None)


def _of_build(decision: Decision, expected: Sequence[Expected]) -> Judged:
    """A fault of ours, or of the network, is not what anybody expected of the recipe."""
    if decision.repeats or decision.failure in OURS or decision.failure is FailureClass.NETWORK:
        return Judged(decision)
    remarks = build_excuse(expected)
    return Judged(decision, remarks, JobEvent.FAIL_AS_EXPECTED if remarks else None)


def _of_test(
    farm: Farm, session: Session, job: JobRow, attempt: AttemptRow, said: Report, decision: Decision,
    expected: Sequence[Expected],
) -> Judged:  # fmt: skip
    """What is expected to fail is not repeated; what is quarantined is excused when it failed alone too."""
    failed = failed_of(said.tests)
    if JobKind(job.kind) not in JUDGED or said.outcome is not Outcome.FAILED or decision.failure not in REAL:
        return Judged(decision)
    if failed is None:
        return Judged(decision)
    remarks = excuses(failed, expected, ())
    if not remarks and not decision.repeats and suspected(session, job, attempt) and _was_there(session, job):
        held = quarantine.of_test(session, job.name, job.subdir, farm.now())
        remarks = excuses(failed, expected, [row.value() for row in held])
    if not remarks:
        return Judged(decision)
    nothing = Decision(decision.failure, NextAct.NOTHING, "all that failed is quarantined, or expected to")
    return Judged(nothing, remarks, JobEvent.EXCUSE)


def _was_there(session: Session, job: JobRow) -> bool:
    """Whether ``testing`` has another file of the package: what is new has nobody who knew it to come and go."""
    if job.kind == JobKind.RETEST:
        return True
    there = channels.files_named(session, TESTING, [job.name])
    return any(file.startswith(f"{job.subdir}/") and file != job.artifact for file in there)


def keep(farm: Farm, session: Session, job: JobRow, judged: Judged) -> None:
    """Keep what became of what its tree expects, and tell of it."""
    _keep_expected(farm, session, job, judged.remarks)
    kinds = {remark.kind for remark in judged.remarks}
    if kinds & EXCUSES and judged.event is not None:
        _note(farm, session, job, "job.excused", [r for r in judged.remarks if r.kind in EXCUSES])
    if RemarkKind.NOW_PASSES in kinds:
        _note(farm, session, job, "job.now_passes", [r for r in judged.remarks if r.kind is RemarkKind.NOW_PASSES])


def _keep_expected(farm: Farm, session: Session, job: JobRow, remarks: Sequence[Remark]) -> None:
    kind = "build" if job.kind == JobKind.BUILD else "test"
    entries = {entry.case: entry for entry in _expected(job)}
    states: dict[str, RemarkKind] = {}
    for remark in remarks:
        of = next((case for case, entry in entries.items() if _means(entry, remark)), None)
        if of is not None and remark.kind is not RemarkKind.QUARANTINED:
            states.setdefault(of, remark.kind)
    rows = [
        ExpectationRow(
            recipe=job.recipe, name=job.name, subdir=job.subdir, kind=kind, case_name=case, state=state.value,
            why=entries[case].why, until=entries[case].until, batch_id=job.batch_id, job=job.public, at=farm.now(),
        )
        for case, state in states.items()
    ]  # fmt: skip
    expectations.renew(session, (job.recipe, job.name, job.subdir, kind), rows, sorted(entries))


def _means(entry: Expected, remark: Remark) -> bool:
    """Whether a remark came of this entry: a whole one speaks of every case."""
    return (entry.why, entry.until) == (remark.why, remark.until) and (not entry.case or entry.names(remark.case))


def _note(farm: Farm, session: Session, job: JobRow, kind: str, remarks: Sequence[Remark]) -> None:
    said = [to_json(Remark, remark) for remark in remarks]
    events.note(session, farm.now(), kind, batch=f"B-{job.batch_id}", job=job.public, name=job.name, remarks=said)
