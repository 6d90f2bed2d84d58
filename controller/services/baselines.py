"""Regression or not: a test that did not pass is held against the same test without the change.

Where nobody knows how that goes, a control is run: the tests of the file in the target, with nothing of the batch.
Until it has ended nothing follows from the failure. The loop closes what it tells of.
"""

from dataclasses import dataclass

from controller.domain.baselines import Comparison, Likeness, Part, Run
from controller.domain.batches import BatchState
from controller.domain.channels import TESTING
from controller.domain.jobs import ENDED, JUDGED, JobEvent, JobKind, JobState
from controller.domain.recipes import Output
from controller.planning.baselines import compare, is_believed
from controller.planning.writing import as_file
from controller.services.consequences import move
from controller.services.farm import Farm
from controller.services.one_by_one import one_by_one
from controller.storage import artifacts, batches, channels, events, jobs
from controller.storage import baselines as stored
from controller.storage.artifacts import ArtifactRow
from controller.storage.database import Session
from controller.storage.jobs import JobRow
from controller.storage.tables import from_json, to_json
from workers.contract.reports import Outcome, Report


@dataclass(frozen=True, slots=True)
class Stand:
    """How a failed test stands: compared, or waiting for a control of ``file``."""

    comparison: Comparison | None = None
    file: str = ""

    @property
    def is_open(self) -> bool:
        """Whether only a control can tell."""
        return self.comparison is None


def run_of(job: JobRow, said: Report, signatures: tuple[str, ...]) -> Run:
    """What a report says of a file's tests, as far as it is ever compared."""
    parts = tuple(
        Part(test.index, test.kind, test.outcome, tuple(case.name for case in test.failing)) for test in said.tests
    )
    return Run(job.artifact, said.outcome, parts, signatures, job.public)


def stand(farm: Farm, session: Session, job: JobRow, run: Run) -> Stand | None:
    """How a test that did not pass stands beside what was before; None for what is no test of a batch's own."""
    if JobKind(job.kind) not in JUDGED:
        return None
    file = job.artifact if job.kind == JobKind.RETEST else _before(session, job)
    if not file:
        return Stand(Comparison(Likeness.NOTHING_BEFORE))
    known = stored.find(session, file)
    current = channels.current_of(session, TESTING)
    if known is None or not is_believed(
        Outcome(known.outcome), known.at, known.snapshot, farm.now(), current, farm.rules.baseline_days
    ):
        return Stand(file=file)
    return Stand(compare(run, known.value()))


def _before(session: Session, job: JobRow) -> str:
    """The file whose place a tested file takes, while it is there."""
    row = _artifact(session, job.artifact)
    builder = session.get(JobRow, row.job_id) if row and row.job_id else None
    file = str(builder.before.get(job.artifact, "")) if builder else ""
    return file if file and _artifact(session, file) else ""


def _artifact(session: Session, file: str) -> ArtifactRow | None:
    return artifacts.find_file(session, *file.split("/", 1))


def remember(farm: Farm, session: Session, job: JobRow, run: Run) -> None:
    """Keep how the tests of a file went: those of its own batch, and those of a control.

    A retest is none: it ran with what may never be published.
    """
    if job.kind in (JobKind.TEST, JobKind.CONTROL):
        stored.remember(session, run, TESTING, farm.now())


def compared(found: Comparison) -> dict[str, object]:
    """What a job keeps of it."""
    return {"comparison": to_json(Comparison, found)}


def comparison_of(job: JobRow) -> Comparison | None:
    """How a job's failure compares, where that is known."""
    kept = job.compared.get("comparison")
    return from_json(Comparison, kept) if kept else None


def excuse(session: Session, job: JobRow, found: Comparison) -> None:
    """A file that fails its tests as the one before did may be published, and keeps why."""
    row = _artifact(session, job.artifact) if job.kind == JobKind.TEST else None
    if row is not None:
        row.excused = to_json(Comparison, found)
        session.add(row)


def begin(farm: Farm, session: Session, job: JobRow, file: str, run: Run, **values: object) -> None:
    """Let a control of ``file`` run for a job; until it ends nothing follows from the job."""
    control = _control(farm, session, job, file)
    session.add(control)
    session.flush()
    move(farm, session, job, JobEvent.DOUBT, compared={"run": to_json(Run, run), "control": control.public}, **values)
    events.note(
        session, farm.now(), "job.state", batch=f"B-{job.batch_id}", job=control.public, state=control.state,
        control_of=job.public,
    )  # fmt: skip


def _control(farm: Farm, session: Session, job: JobRow, file: str) -> JobRow:
    """Beside the job in the queue: what waits for the job waits for its control too."""
    held = batches.lock_batch(session, job.batch_id) == BatchState.HELD
    outputs = [to_json(Output, as_file(from_json(Output, data), file)) for data in job.outputs]
    return JobRow(
        batch_id=job.batch_id, plan_key=f"control:{job.public}.{job.attempts}", kind=JobKind.CONTROL.value,
        state=(JobState.WAITING if held else JobState.READY).value, recipe=job.recipe, name=job.name,
        subdir=job.subdir, pool=job.pool, wave=job.wave, rank=job.rank, height=job.height, place=job.place,
        needs_id=job.needs_id, control_of=job.id or 0, outputs=outputs, reasons=job.reasons, artifact=file,
        revision=job.revision, created_at=farm.now(), ready_at=None if held else farm.now(),
    )  # fmt: skip


def close_checked(farm: Farm) -> None:
    """Every job whose control has ended gets its end."""
    with farm.reading() as session:
        told = stored.told_by_controls(session, [state.value for state in ENDED])
    one_by_one(told, lambda pair: _close(farm, *pair))


def _close(farm: Farm, number: int, control: int) -> None:
    with farm.transaction() as session:
        batches.lock_batch(session, jobs.batch_of(session, number))
        job, answer = jobs.job_by_number(session, number), jobs.job_by_number(session, control)
        if job.state != JobState.CHECKING or job.compared.get("control") != answer.public:
            return
        run: Run = from_json(Run, job.compared["run"])
        found = compare(run, _answer(answer))
        values = {"compared": compared(found) | {"control": answer.public}}
        if found.excuses:
            excuse(session, job, found)
            move(farm, session, job, JobEvent.FAIL_AS_BEFORE, **values)
            return
        event = JobEvent.CANNOT_SOLVE if run.outcome is Outcome.UNSOLVABLE else JobEvent.FAIL
        move(farm, session, job, event, due=escalates(job, run.outcome), **values)


def _answer(control: JobRow) -> Run:
    """What a control came to; one that was lost or cancelled came to nothing."""
    kept = control.compared.get("run") if control.state == JobState.ANSWERED else None
    return from_json(Run, kept) if kept else Run(control.artifact, Outcome.INFRASTRUCTURE, job=control.public)


def escalates(job: JobRow, outcome: Outcome) -> bool:
    """Whether the plan must be decided again: what was to stay does not go with what is new."""
    return job.kind == JobKind.RETEST and outcome in (Outcome.FAILED, Outcome.UNSOLVABLE)
