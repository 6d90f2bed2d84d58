"""Pools in which nothing starts: table and named queries."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from controller.storage.jobs import AttemptRow, JobRow
from controller.storage.tables import instant


class IdlePoolRow(SQLModel, table=True):
    """A pool that does nothing though there is work, since the loop noticed."""

    __tablename__ = "idle_pool"

    pool: str = Field(primary_key=True)
    cause: str
    ready: int
    oldest_at: datetime = instant()
    """Since when the oldest ready job waits."""
    since: datetime = instant()


def idle_pools(session: Session) -> list[IdlePoolRow]:
    """All of them, by name."""
    return list(session.exec(select(IdlePoolRow).order_by(col(IdlePoolRow.pool))).all())


def pools_claimed_since(session: Session, since: datetime, pools: Sequence[str]) -> set[str]:
    """Those of the pools of which a worker took a job since."""
    query = (
        select(JobRow.pool)
        .join(AttemptRow, col(AttemptRow.job_id) == col(JobRow.id))
        .where(col(AttemptRow.leased_at) >= since, col(JobRow.pool).in_(pools))
        .distinct()
    )
    return set(session.exec(query).all())
