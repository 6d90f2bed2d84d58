"""What a person may ask of a batch or a job: release, cancel, retry. Each is recorded with who and why."""

from typing import Any

from controller.domain.batches import BATCH_MOVES, BatchEvent, BatchState
from controller.domain.errors import IllegalMoveError
from controller.domain.jobs import ENDED, SETTLED, AttemptState, JobEvent, JobKind, JobState
from controller.domain.pauses import PauseKind
from controller.domain.transitions import advance, sources
from controller.services import sharing
from controller.services.consequences import move
from controller.services.farm import Farm
from controller.storage import batches, events, jobs, pauses
from controller.storage.batches import BatchRow
from controller.storage.database import Session
from controller.storage.jobs import JobRow


def move_batch(farm: Farm, session: Session, batch: BatchRow, event: BatchEvent, **values: object) -> BatchState:
    """One guarded move of a batch, noted in the outbox. Raises IllegalMoveError where the table has none."""
    to = advance(BATCH_MOVES, BatchState(batch.state), event)
    if not batches.move_batch(session, batch, sources(BATCH_MOVES, event), to, **values):
        raise IllegalMoveError(f"{batch.name} changed meanwhile.", remedy="Look at it again.")
    events.note(session, farm.now(), "batch.state", batch=batch.name, state=to.value)
    return to


def release(farm: Farm, batch: str, *, who: str, why: str = "") -> None:
    """Let a held batch run: a person has looked at its size."""
    with farm.transaction() as session:
        row = batches.find_batch(session, batch, lock=True)
        paused = pauses.find_open(session, PauseKind.BATCH, row.name)
        if paused is not None:
            raise IllegalMoveError(f"{row.name} is paused.", remedy=f"`farm batch resume {row.name}` lets it go on.")
        let_run(farm, session, row)
        events.note(session, farm.now(), "batch.released", batch=row.name, who=who, why=why)


def let_run(farm: Farm, session: Session, batch: BatchRow) -> None:
    """Release a held batch: what waits for nothing can start."""
    move_batch(farm, session, batch, BatchEvent.RELEASE)
    sharing.begin_anew(farm, session, batch)
    for number in jobs.let_start(session, batch.id or 0, farm.now()):
        events.note(session, farm.now(), "job.state", batch=batch.name, job=f"J-{number}", state=JobState.READY.value)


def cancel(farm: Farm, batch: str, *, who: str, why: str = "") -> None:
    """Give a batch up: what waits is cancelled, what runs is told to stop, nothing is published."""
    with farm.transaction() as session:
        row = batches.find_batch(session, batch, lock=True)
        move_batch(farm, session, row, BatchEvent.CANCEL, settled_at=farm.now())
        events.note(session, farm.now(), "batch.cancelled", batch=row.name, who=who, why=why)
        paused = pauses.find_open(session, PauseKind.BATCH, row.name)
        if paused is not None:
            pauses.end(session, paused, farm.now(), who)
        for job in jobs.jobs_of_batch(session, row.id or 0):
            if JobState(job.state) not in ENDED:
                _cancel_job(farm, session, job, f"cancelled by {who}")


def _cancel_job(farm: Farm, session: Session, job: JobRow, why: str) -> None:
    """Its try is looked for last: until the job has moved, a worker may still claim it."""
    move(farm, session, job, JobEvent.CANCEL, message=why)
    attempt = jobs.newest_attempts(session, [job.id or 0]).get(job.id or 0)
    if attempt is not None:
        jobs.end_attempt(session, attempt, AttemptState.STOPPED, farm.database.clock_value(session), message=why)


def retry(farm: Farm, job: str, *, who: str) -> None:
    """Try a broken job again, and let what it blocked wait for it again.

    A build whose files are recorded already cannot be repeated: their names would be used twice.
    """
    with farm.transaction() as session:
        row = jobs.find_job(session, job)
        batch = batches.find_batch(session, f"B-{row.batch_id}", lock=True)
        if batch.state != BatchState.RUNNING:
            move_batch(farm, session, batch, BatchEvent.RETRY, settled_at=None)
        if row.kind == JobKind.BUILD and row.state == JobState.PASSED:
            raise IllegalMoveError(
                f"{row.public} has built its files.", remedy="Push the recipe again for a new build."
            )
        _refuse_blocked(session, row)
        move(farm, session, row, JobEvent.RETRY, message=f"retried by {who}", ended_at=None, **_afresh(row))
        _unblock_descendants(farm, session, row)


def _afresh(job: JobRow) -> dict[str, Any]:
    """As if it had never been tried; and a person wants it run, whatever its inputs came to before."""
    return {
        "failing": [], "outcome": "", "losses": 0, "failure": "", "avoid": "", "alone": False, "limit_times": 1.0,
        "tried": job.attempts, "forced": True, "compared": {}, "remark": "", "remarks": [],
    }  # fmt: skip


def _refuse_blocked(session: Session, job: JobRow) -> None:
    """What a broken job holds back would only wait for ever: it comes back with the retry of that one."""
    faults = _faults_above(session, job) if job.state == JobState.BLOCKED else []
    while any(fault.state == JobState.BLOCKED for fault in faults):
        faults = [
            above for f in faults for above in (_faults_above(session, f) if f.state == JobState.BLOCKED else [f])
        ]
    if faults:
        named = ", ".join(dict.fromkeys(fault.public for fault in faults))
        raise IllegalMoveError(f"{job.public} is held back by {named}.", remedy=f"Retry {named}; it follows by itself.")


def _unblock_descendants(farm: Farm, session: Session, job: JobRow) -> None:
    edge = [job.id or 0]
    while edge:
        children = jobs.jobs_by_ids(session, jobs.children_of(session, edge))
        edge = []
        for child in children:
            if child.state == JobState.BLOCKED and not _faults_above(session, child):
                edge.append(child.id or 0)
                move(farm, session, child, JobEvent.RETRY, message="", ended_at=None)


def _faults_above(session: Session, job: JobRow) -> list[JobRow]:
    """The parents that keep a job from ever starting."""
    parents = jobs.jobs_by_ids(session, jobs.parents_of(session, [job.id or 0]))
    good = SETTLED | {JobState.WAITING, JobState.READY, JobState.RUNNING, JobState.CHECKING}
    return [parent for parent in parents if JobState(parent.state) not in good]
