"""The cases of a job's tests with their history, and what is said of how jobs ended."""

from collections.abc import Iterable, Sequence
from typing import Any

from controller.domain.case_words import counts_line, history_sentence
from controller.domain.cases import case_name
from controller.domain.expected import Expected
from controller.domain.jobs import BROKEN, JobKind, JobState
from controller.domain.quarantines import Quarantine
from controller.domain.remark_words import REMARK_WORDS, expected_sentence, quarantine_sentence, remark_sentence
from controller.domain.remarks import EXCUSES, Remark, RemarkKind
from controller.planning.history import marked
from controller.services import quarantining
from controller.services.answers.case_shapes import (
    CaseShape,
    ExpectationShape,
    JobRemarkShape,
    QuarantineShape,
    RemarkShape,
    TestedShape,
)
from controller.services.answers.words import field_of
from controller.services.cases import has_cases, tests_of
from controller.services.farm import Farm
from controller.storage import cases, expectations, flakes, jobs
from controller.storage.cases import CaseRow
from controller.storage.database import Session
from controller.storage.jobs import AttemptRow, JobRow
from controller.storage.lines import JobLine
from controller.storage.tables import from_json
from workers.contract.reports import TestCase

_SHOWN = 500


def tested_shape(farm: Farm, session: Session, job: JobRow, tries: Sequence[AttemptRow]) -> TestedShape | None:
    """How the cases went in the newest try that told of any; None where none did."""
    told = (tests for each in reversed(tries) if any(map(has_cases, tests := tests_of(each))))
    found = next(told, None)
    if found is None:
        return None
    failing = [case for test in found for case in test.failing]
    passed, failed, skipped = (sum(getattr(test, field) for test in found) for field in _COUNTS)
    return TestedShape(
        passed=passed, failed=failed, skipped=skipped, line=counts_line(passed, failed, skipped),
        cases=tuple(_cases(farm, session, job, failing)), more=max(0, failed - len(failing)),
    )  # fmt: skip


_COUNTS = ("passed", "failed", "skipped")


def _cases(farm: Farm, session: Session, job: JobRow, failing: Sequence[TestCase]) -> Iterable[CaseShape]:
    known = cases.of_test(session, job.recipe, job.name, job.subdir, [case_name(case.name) for case in failing])
    test = flakes.find(session, job.recipe, job.name, job.subdir)
    remarks = {remark.case: remark for remark in remarks_of(job.remarks, JobKind(job.kind))}
    for case in failing:
        name = case_name(case.name)
        yield CaseShape(
            name=case.name, message=case.message, where=case.where, remark=remarks.get(name),
            **_history(farm, known.get(name), test.runs if test else 0),
        )  # fmt: skip


def _history(farm: Farm, row: CaseRow | None, runs: int) -> dict[str, Any]:
    within = min(runs, farm.rules.flake_runs)
    if row is None:
        return {"runs": within, "history": "" if not within else "not seen to fail before"}
    failed, flaked = (marked(bits, runs - row.run, within) for bits in (row.recent_failures, row.recent_flakes))
    said = history_sentence(failed, flaked, within)
    return {"failed": failed, "flaked": flaked, "runs": within, "history": said, "first_at": row.first_at}


def recent_of(farm: Farm, row: CaseRow, runs: int) -> tuple[int, int]:
    """How often a case came and went of late, and of how many runs."""
    within = min(runs, farm.rules.flake_runs)
    return marked(row.recent_flakes, runs - row.run, within), within


def remarks_of(kept: Sequence[Any], kind: JobKind) -> tuple[RemarkShape, ...]:
    """What is said of how a job ended."""
    return tuple(_remark(from_json(Remark, each), kind) for each in kept)


def _remark(remark: Remark, kind: JobKind) -> RemarkShape:
    return RemarkShape(**_fields(remark, kind))


def _fields(remark: Remark, kind: JobKind) -> dict[str, Any]:
    words = REMARK_WORDS[remark.kind]
    what = "its build" if kind is JobKind.BUILD else "its test"
    return {
        "kind": remark.kind.value, "mark": words.mark, "label": words.label, "category": field_of(words.category),
        "case": remark.case, "sentence": remark_sentence(remark, what),
    }  # fmt: skip


def remarks_in(session: Session, batch: int, lines: Sequence[JobLine]) -> tuple[JobRemarkShape, ...]:
    """What is said of how jobs of a batch ended; what is most in need of a person first."""
    said = jobs.remarked(session, batch) if any(line.remark for line in lines) else {}
    by_id = {line.id: line for line in lines}
    found = [
        JobRemarkShape(
            job=by_id[number].public, job_kind=by_id[number].kind, name=by_id[number].name,
            subdir=by_id[number].subdir, **_fields(from_json(Remark, each), JobKind(by_id[number].kind)),
        )
        for number, remarks in said.items()
        for each in remarks
        if JobState(by_id[number].state) not in BROKEN or each["kind"] not in EXCUSES
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda remark: (_URGENCY.index(remark.kind), remark.name, remark.case)))


_URGENCY = ("now_passes", "over", "failed_quarantined", "failed_expected")


def expected_lines(farm: Farm, job: JobRow) -> tuple[str, ...]:
    """What its tree expects to fail of a job, in sentences; what has ended says so."""
    day = (job.ended_at or farm.now()).date()
    entries = (from_json(Expected, entry) for entry in job.expected)
    return tuple(expected_sentence(entry, day) for entry in entries)


def quarantine_list(farm: Farm) -> list[QuarantineShape]:
    """All that is quarantined, the oldest first."""
    return [quarantine_shape(entry) for entry in quarantining.listed(farm)]


def quarantine_shape(entry: Quarantine) -> QuarantineShape:
    """One entry."""
    return QuarantineShape(
        name=entry.name, subdir=entry.subdir, case=entry.case, author=entry.author, reason=entry.reason,
        since=entry.since, until=entry.until, clean=entry.clean, sentence=quarantine_sentence(entry),
    )  # fmt: skip


def expectation_list(farm: Farm) -> list[ExpectationShape]:
    """What trees expect to fail, and how it came out last; what passes now first."""
    with farm.reading() as session:
        return [_expectation(row) for row in expectations.all_of(session, _SHOWN)]


def _expectation(row: expectations.ExpectationRow) -> ExpectationShape:
    remark = Remark(RemarkKind(row.state), row.case_name, row.why, until=row.until)
    words = REMARK_WORDS[remark.kind]
    return ExpectationShape(
        recipe=row.recipe, name=row.name, subdir=row.subdir, kind=row.kind, case=row.case_name, state=row.state,
        mark=words.mark, label=words.label, category=field_of(words.category), why=row.why, until=row.until,
        job=row.job, at=row.at, sentence=remark_sentence(remark, f"the {row.kind}"),
    )  # fmt: skip
