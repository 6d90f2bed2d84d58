"""Who waits for whom, over any number of steps; and what builds make, as narrow rows."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select
from sqlmodel import Session, col, select

from controller.domain.jobs import JobKind, JobState
from controller.storage.jobs import JobEdge, JobRow

_OPEN = (JobState.WAITING.value, JobState.READY.value)


def builds_above(session: Session, job: int) -> Sequence[Sequence[Any]]:
    """The reasons of each build that a job waited for, as they are kept."""
    first: Select[Any] = select(col(JobEdge.parent_id).label("id")).where(JobEdge.child_id == job)
    above = first.cte("above", recursive=True)
    above = above.union(select(JobEdge.parent_id).join(above, col(JobEdge.child_id) == above.c.id))
    query = select(JobRow.reasons).join(above, col(JobRow.id) == above.c.id).where(JobRow.kind == JobKind.BUILD.value)
    return session.exec(query.order_by(col(JobRow.id))).all()


def open_below(session: Session, numbers: Collection[int]) -> list[JobRow]:
    """These jobs and all that wait for them, of those that have not started; nobody starts one before the commit."""
    first: Select[Any] = select(col(JobRow.id).label("id")).where(col(JobRow.id).in_(numbers))
    below = first.cte("below", recursive=True)
    below = below.union(select(JobEdge.child_id).join(below, col(JobEdge.parent_id) == below.c.id))
    query = select(JobRow).join(below, col(JobRow.id) == below.c.id).where(col(JobRow.state).in_(_OPEN))
    return list(session.exec(query.order_by(col(JobRow.id)).with_for_update(of=JobRow)).all())


def builds_of(session: Session, batch_id: int, *, unstarted: bool = False) -> list[tuple[int, Sequence[Any]]]:
    """Each build of a batch with the outputs it makes, as they are kept; ``unstarted``: those that have not begun."""
    query = select(JobRow.id, JobRow.outputs).where(JobRow.batch_id == batch_id, JobRow.kind == JobKind.BUILD.value)
    if unstarted:
        query = query.where(col(JobRow.state).in_(_OPEN))
    return [(number or 0, outputs) for number, outputs in session.exec(query.order_by(col(JobRow.id))).all()]
