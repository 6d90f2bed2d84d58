"""What the order of the queue is made of, as narrow rows; and the ranks of a batch, written by one statement."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from controller.domain.batches import BatchState
from controller.domain.jobs import JobState
from controller.storage.batches import BatchRow
from controller.storage.jobs import AttemptRow, JobRow
from workers.contract.platforms import pool_subdir

_OVER = [
    JobState.PASSED.value,
    JobState.CANCELLED.value,
    JobState.NOT_NEEDED.value,
    JobState.ESCALATED.value,
    JobState.NO_REGRESSION.value,
    JobState.ANSWERED.value,
]
"""What is not to start again. What broke may be: somebody may ask for it."""


class Sharing(NamedTuple):
    """A running batch, as shares are found."""

    id: int
    author: str
    priority: str
    share: dict[str, Any]
    created_at: datetime


def sharing(session: Session) -> list[Sharing]:
    """All batches that run, oldest first."""
    columns = [getattr(BatchRow, field) for field in Sharing._fields]
    query = select(*columns).where(BatchRow.state == BatchState.RUNNING.value).order_by(col(BatchRow.id))
    return [Sharing._make(row) for row in session.exec(query).all()]


def used_since(session: Session, since: datetime) -> list[tuple[str, datetime, datetime]]:
    """Of each try that ended since: whose batch it was of, when it began and when it ended."""
    query = (
        select(BatchRow.author, AttemptRow.leased_at, AttemptRow.ended_at)
        .join(JobRow, col(JobRow.id) == col(AttemptRow.job_id))
        .join(BatchRow, col(BatchRow.id) == col(JobRow.batch_id))
        .where(col(AttemptRow.ended_at) >= since)
    )
    return [(who, began, ended) for who, began, ended in session.exec(query).all() if ended is not None]


def lowest_ready(session: Session, pools: Iterable[str], span: tuple[int, int]) -> int | None:
    """The lowest rank within the span of what could start in these pools."""
    lowest, beyond = span
    heads = [
        session.exec(
            select(JobRow.rank)
            .where(JobRow.state == JobState.READY.value, JobRow.pool == pool)
            .where(col(JobRow.rank) >= lowest, col(JobRow.rank) < beyond)
            .order_by(col(JobRow.rank))
            .limit(1)
        ).first()
        for pool in sorted(pools)
    ]
    return min((rank for rank in heads if rank is not None), default=None)


def firsts(session: Session, batch_id: int) -> dict[str, int]:
    """Pool to the lowest place of what is left of a batch there."""
    query = (
        select(JobRow.pool, func.min(JobRow.place))
        .where(JobRow.batch_id == batch_id, col(JobRow.state).not_in(_OVER))
        .group_by(col(JobRow.pool))
    )
    return dict(session.exec(query).all())


def rank_anew(session: Session, batch_id: int, pools: Sequence[str], base: int, cost: int) -> None:
    """Rank what is left of a batch in these pools."""
    session.exec(
        update(JobRow)
        .where(col(JobRow.batch_id) == batch_id, col(JobRow.pool).in_(pools), col(JobRow.state).not_in(_OVER))
        .values(rank=JobRow.place * cost + base)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def by_platform(pools: Iterable[str]) -> Mapping[str, list[str]]:
    """Pools by the platform that they serve."""
    found: dict[str, list[str]] = {}
    for pool in sorted(set(pools)):
        found.setdefault(pool_subdir(pool), []).append(pool)
    return found
