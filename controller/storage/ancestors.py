"""What a job waited for, directly or not."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select
from sqlmodel import Session, col, select

from controller.domain.jobs import JobKind
from controller.storage.jobs import JobEdge, JobRow


def builds_above(session: Session, job: int) -> Sequence[Sequence[Any]]:
    """The reasons of each build that a job waited for, as they are kept."""
    first: Select[Any] = select(col(JobEdge.parent_id).label("id")).where(JobEdge.child_id == job)
    above = first.cte("above", recursive=True)
    above = above.union(select(JobEdge.parent_id).join(above, col(JobEdge.child_id) == above.c.id))
    query = select(JobRow.reasons).join(above, col(JobRow.id) == above.c.id).where(JobRow.kind == JobKind.BUILD.value)
    return session.exec(query.order_by(col(JobRow.id))).all()
