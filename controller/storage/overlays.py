"""Queries of a plan that is decided again: which batches are due, and how jobs are hung otherwise."""

from collections.abc import Collection, Mapping

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from controller.storage.jobs import JobEdge, JobRow


def batches_due(session: Session) -> list[int]:
    """Batches with jobs that ended otherwise than the plan hoped."""
    query = select(JobRow.batch_id).where(col(JobRow.due)).distinct().order_by(col(JobRow.batch_id))
    return list(session.exec(query).all())


def clear_due(session: Session, ids: Collection[int]) -> None:
    """What these jobs ended with is part of the plan now."""
    session.exec(
        update(JobRow)
        .where(col(JobRow.id).in_(list(ids)))
        .values(due=False)
        .execution_options(synchronize_session="fetch")
    )


def hang(session: Session, parents: Mapping[int, Collection[int]]) -> None:
    """From now on each of these jobs waits for the given ones, and for no others."""
    children = sorted(parents)
    for start in range(0, len(children), 500):
        some = children[start : start + 500]
        session.exec(delete(JobEdge).where(col(JobEdge.child_id).in_(some)))
    session.flush()
    session.add_all(JobEdge(parent_id=above, child_id=child) for child in children for above in sorted(parents[child]))
    session.flush()
