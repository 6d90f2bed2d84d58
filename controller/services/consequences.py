"""Moving a job, and what follows from it: children become ready, or cannot be done any more."""

from typing import Any

from controller.domain.batches import BatchState
from controller.domain.jobs import BLOCKING, CLEARED, ENDED, JOB_MOVES, JobEvent, JobState
from controller.domain.transitions import advance, sources
from controller.services.farm import Farm
from controller.storage import batches, events, jobs
from controller.storage.database import Session
from controller.storage.jobs import JobRow

_BACK = (JobEvent.LOSE, JobEvent.REPEAT)
"""What brings a job that had started back to those that can: in a held batch none can."""


def move(farm: Farm, session: Session, job: JobRow, event: JobEvent, **values: Any) -> bool:
    """One guarded move of a job with all that follows. False when somebody else moved it first.

    From one that is ``due`` nothing follows yet: the plan is decided again first (``redeciding``).
    """
    to = advance(JOB_MOVES, JobState(job.state), event)
    if to in ENDED:
        values["ended_at"] = farm.now()
    if to is JobState.READY:
        values["ready_at"] = farm.now()
    if not jobs.move_job(session, job.id or 0, sources(JOB_MOVES, event), to, **values):
        return False
    _note(farm, session, job, to)
    if event in _BACK and batches.lock_batch(session, job.batch_id) == BatchState.HELD:
        return move(farm, session, job, JobEvent.HOLD)
    if to in CLEARED and not values.get("due"):
        _free_children(farm, session, job)
    elif to in BLOCKING:
        _block_descendants(farm, session, job)
    return True


def _note(farm: Farm, session: Session, job: JobRow, to: JobState) -> None:
    batch = f"B-{job.batch_id}"
    events.note(session, farm.now(), "job.state", batch=batch, job=job.public, state=to.value)


def _free_children(farm: Farm, session: Session, job: JobRow) -> None:
    held = batches.lock_batch(session, job.batch_id) == BatchState.HELD
    for child in jobs.count_down(session, job.id or 0, farm.now(), held=held):
        events.note(
            session, farm.now(), "job.state", batch=f"B-{job.batch_id}", job=f"J-{child}", state=JobState.READY.value
        )


def _block_descendants(farm: Farm, session: Session, job: JobRow) -> None:
    """All that waits for this job, directly or not, and has not started: it waits for a repair now."""
    edge = [job.id or 0]
    while edge:
        children = jobs.jobs_by_ids(session, jobs.children_of(session, edge))
        edge = []
        for child in children:
            if child.state == JobState.WAITING:
                edge.append(child.id or 0)
                move(farm, session, child, JobEvent.PARENT_FAILED, message=f"{job.kind} of {job.name} broke")
