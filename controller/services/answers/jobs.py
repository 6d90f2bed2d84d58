"""Jobs: lines of a list, one job whole, and the queue in the order in which it will start."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from controller.domain.failure_words import failure_sentence
from controller.domain.jobs import BROKEN, ENDED, SETTLED, JobKind, JobState
from controller.domain.pause_words import paused_job_sentence
from controller.domain.remark_words import REMARK_WORDS
from controller.domain.remarks import EXCUSES, RemarkKind
from controller.domain.wording import JOB_WORDS, Category, Words
from controller.services.answers.cases import expected_lines, remarks_of, tested_shape
from controller.services.answers.compared import compared_words, control_of
from controller.services.answers.matches import asked_of, why_no_worker
from controller.services.answers.ordering import order_shape
from controller.services.answers.reasons import reason_shape
from controller.services.answers.shapes import AttemptShape, FailingLine, FileShape, JobSummary, JobView, QueuedJob
from controller.services.answers.suspects import suspects_of
from controller.services.answers.words import NOBODY, fault, field_of, job_sentence
from controller.services.farm import Farm
from controller.storage import artifacts, batches, jobs, lines, pauses
from controller.storage.artifacts import ArtifactRow
from controller.storage.database import Session
from controller.storage.jobs import AttemptRow, JobRow
from controller.storage.lines import JobLine

_QUEUED = frozenset({JobState.WAITING, JobState.READY})


def job_line(job: JobLine, worker: str = "") -> JobSummary:
    """A job as a line of a list."""
    return JobSummary(**_line_fields(job, worker))


def _line_fields(job: JobLine, worker: str) -> dict[str, Any]:
    words = _words(job)
    line, text = fault(job) if JobState(job.state) in BROKEN else (None, "")
    return {
        "id": job.public, "batch": f"B-{job.batch_id}", "kind": job.kind, "state": job.state,
        "category": field_of(words.category), "mark": words.mark, "label": words.label,
        "actor": words.acts or NOBODY,
        "name": job.name, "recipe": job.recipe, "subdir": job.subdir, "pool": job.pool, "wave": job.wave,
        "stage": job.stage,
        "attempts": job.attempts, "worker": worker, "phase": job.phase, "sentence": job_sentence(job, worker),
        "remark": job.remark, "failing_line": line, "failing_text": text, "failure": job.failure,
        "started_at": job.started_at, "ended_at": job.ended_at,
        "reason": reason_shape(job.reasons[0]) if job.reasons else None,
    }  # fmt: skip


def _words(job: JobLine) -> Words:
    """What failed and was let through is never told as if all had passed."""
    if job.state == JobState.PASSED and job.remark in EXCUSES:
        return replace(REMARK_WORDS[RemarkKind(job.remark)], category=Category.DONE)
    return JOB_WORDS[JobState(job.state)]


def job_lines(farm: Farm, names: Sequence[str]) -> list[JobSummary]:
    """These jobs as lines, with the workers that hold them. Raises NotFoundError for what is no job id."""
    ids = [jobs.number_of(name) for name in names]
    with farm.reading() as session:
        holders = lines.holders(session)
        return [job_line(job, holders.get(job.id, "")) for job in lines.by_ids(session, ids)]


def queue(farm: Farm, limit: int) -> list[QueuedJob]:
    """Ready jobs in the order in which they will start, each with why it stands there."""
    with farm.reading() as session:
        ready = lines.in_order_of_start(session, JobState.READY.value, limit)
        known = batches.batches_by_id(session, [*{job.batch_id for job in ready}])
        return [QueuedJob(**_line_fields(job, ""), order=order_shape(job, known[job.batch_id])) for job in ready]


def job_summary(farm: Farm, job: str) -> JobSummary:
    """One job as a line. Raises NotFoundError."""
    with farm.reading() as session:
        number = jobs.find_job(session, job).id or 0
        return job_line(lines.by_ids(session, [number])[0], lines.holders(session).get(number, ""))


def job_view(farm: Farm, job: str) -> JobView:
    """One job, whole. Raises NotFoundError."""
    with farm.reading() as session:
        row = jobs.find_job(session, job)
        number = row.id or 0
        parents, children = lines.around(session, number)
        tries = jobs.attempts_of(session, number)
        batch = batches.find_batch(session, f"B-{row.batch_id}")
        change = batches.changes_by_id(session, [batch.change_id])[batch.change_id]
        worker = tries[-1].worker if tries else ""
        return JobView(
            **_line_fields(_as_line(row), worker),
            reasons=tuple(reason_shape(reason) for reason in row.reasons),
            waits_for=tuple(job_line(parent) for parent in parents),
            waited_on_by=tuple(job_line(child) for child in children),
            tries=tuple(_attempt(farm, attempt) for attempt in tries),
            files=tuple(_file(artifact) for artifact in _files(session, row)),
            failing=tuple(FailingLine(line=f["line"], text=f["text"], kind=f["kind"]) for f in row.failing),
            message=row.message, consequence=_last_consequence(row, tries), suspects=suspects_of(session, row),
            why_not=tuple(_why_not(farm, session, row, parents)), artifact=row.artifact,
            order=order_shape(row, batch) if JobState(row.state) in _QUEUED else None,
            compared=compared_words(row), control=control_of(row),
            tested=tested_shape(farm, session, row, tries), remarks=remarks_of(row.remarks, JobKind(row.kind)),
            expected=expected_lines(farm, row), needs=asked_of(session, row), batch_title=batch.title,
            commit=change.commit, tree=change.tree, added_by=row.revision,
        )  # fmt: skip


def _last_consequence(job: JobRow, tries: Sequence[AttemptRow]) -> str:
    """Of the last failed try, as long as nobody has asked for another since and none has passed."""
    failed = [row for row in tries if row.failure and row.lease > job.tried]
    return _consequence(failed[-1]) if failed and job.failure else ""


def _as_line(row: JobRow) -> JobLine:
    return JobLine(**{field: getattr(row, field) for field in JobLine._fields})


def _attempt(farm: Farm, row: AttemptRow) -> AttemptShape:
    report: Mapping[str, Any] = row.report
    return AttemptShape(
        id=row.id, lease=row.lease, worker=row.worker, state=row.state, outcome=row.outcome, phase=row.phase,
        message=row.message, failure=row.failure, act=row.act, consequence=_consequence(row),
        leased_at=row.leased_at, ended_at=row.ended_at,
        phases={phase["name"]: phase["seconds"] for phase in report.get("phases", ())},
        tests=tuple(report.get("tests", ())), log_bytes=farm.logs.size(row.id),
    )  # fmt: skip


def _consequence(row: AttemptRow) -> str:
    return failure_sentence(row.failure, row.act, row.act_reason)


def _files(session: Session, row: JobRow) -> list[ArtifactRow]:
    if row.kind == JobKind.BUILD:
        return artifacts.of_job(session, row.id or 0)
    return artifacts.find_files(session, [row.artifact]) if "/" in row.artifact else []


def _file(row: ArtifactRow) -> FileShape:
    return FileShape(
        file=row.file, name=row.name, version=row.version, build=str(row.record.get("build", "")), subdir=row.subdir,
        size=row.size, sha256=row.sha256, verdict=row.verdict,
    )  # fmt: skip


def _why_not(farm: Farm, session: Session, row: JobRow, parents: Sequence[JobLine]) -> list[str]:
    """Why a job does not run: a visible wait, never a silent one."""
    state = JobState(row.state)
    paused = [
        paused_job_sentence(found.value())
        for found in pauses.of_job(session, f"B-{row.batch_id}", row.recipe, row.pool)
    ]
    if state is JobState.READY:
        return paused or [*_wishes(farm, row), *why_no_worker(session, row)]
    if state not in (JobState.WAITING, JobState.BLOCKED):
        return []
    open_parents = [parent for parent in parents if JobState(parent.state) not in SETTLED]
    waits = [*paused, *(_waits_for(parent) for parent in open_parents)]
    return waits or ["Its batch is held, and a person must release it."]


def _wishes(farm: Farm, row: JobRow) -> list[str]:
    """What a repeated job waits for, and until when."""
    if row.ready_at is None:
        return []
    until = row.ready_at + timedelta(seconds=farm.rules.wish_seconds)
    if until <= farm.now():
        return []
    other = [f"Until {until:%H:%M} UTC it waits for another worker than {row.avoid}."] if row.avoid else []
    alone = [f"Until {until:%H:%M} UTC it waits for a machine on which nothing else runs."] if row.alone else []
    return [*other, *alone]


def _waits_for(parent: JobLine) -> str:
    words = JOB_WORDS[JobState(parent.state)]
    verb = "must be repaired" if JobState(parent.state) in ENDED else "must pass first"
    return f"{parent.public}, {parent.kind} of {parent.name} for {parent.subdir}, {verb}: it is {words.label}."
