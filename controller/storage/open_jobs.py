"""Open jobs as a forecast sees them: narrow rows, however wide the jobs are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func
from sqlmodel import Session, col, select

from controller.domain.batches import BatchState
from controller.domain.jobs import JobState
from controller.storage.batches import BatchRow, ChangeRow
from controller.storage.jobs import JobEdge, JobRow

_OPEN = (JobState.WAITING.value, JobState.READY.value, JobState.RUNNING.value)


class OpenJob(NamedTuple):
    """A job that is still to be done. ``rank``: smaller starts first."""

    id: int
    batch_id: int
    kind: str
    state: str
    recipe: str
    name: str
    subdir: str
    pool: str
    rank: int
    started_at: datetime | None


class Rest(NamedTuple):
    """Open jobs of a batch in a pool that were not named one by one, and the rank of the most urgent."""

    batch_id: int
    pool: str
    jobs: int
    rank: int


def of_batch(session: Session, batch_id: int) -> list[OpenJob]:
    """The open jobs of a batch."""
    return _read(session, _lines().where(col(JobRow.batch_id) == batch_id))


def parents_in(session: Session, batch_id: int) -> dict[int, list[int]]:
    """Waiting job of a batch to all that it waits for, ended or not."""
    query = (
        select(JobEdge.child_id, JobEdge.parent_id)
        .join(JobRow, col(JobRow.id) == col(JobEdge.child_id))
        .where(JobRow.batch_id == batch_id, JobRow.state == JobState.WAITING.value)
    )
    found: dict[int, list[int]] = {}
    for child, parent in session.exec(query).all():
        found.setdefault(child, []).append(parent)
    return found


def elsewhere(
    session: Session, pools: Sequence[str], batch_id: int | None, most: int
) -> tuple[list[OpenJob], list[Rest]]:
    """Open jobs of running batches but this one in these pools: the ``most`` urgent ones, and how many more."""
    others = _lines().join(BatchRow, col(BatchRow.id) == col(JobRow.batch_id))
    wanted = [col(BatchRow.state) == BatchState.RUNNING.value, col(JobRow.pool).in_(pools)]
    if batch_id is not None:
        wanted.append(col(JobRow.batch_id) != batch_id)
    order = (col(JobRow.rank), col(JobRow.id))
    named = _read(session, others.where(*wanted).order_by(*order).limit(most))
    if len(named) < most:
        return named, []
    last = named[-1]
    after = (col(JobRow.rank) > last.rank) | ((col(JobRow.rank) == last.rank) & (col(JobRow.id) > last.id))
    rest = (
        select(JobRow.batch_id, JobRow.pool, func.count(), func.min(JobRow.rank))
        .join(BatchRow, col(BatchRow.id) == col(JobRow.batch_id))
        .where(col(JobRow.state).in_(_OPEN), *wanted, after)
        .group_by(col(JobRow.batch_id), col(JobRow.pool))
    )
    return named, [Rest._make(row) for row in session.exec(rest).all()]


def sizes_before(session: Session, tree: str, limit: int) -> list[int]:
    """How many jobs each of the tree's last batches had; those that a person has not let run, or had none, left out."""
    refused = (BatchState.HELD.value, BatchState.CANCELLED.value)
    newest = (
        select(BatchRow.id)
        .join(ChangeRow, col(ChangeRow.id) == col(BatchRow.change_id))
        .where(ChangeRow.tree == tree, col(BatchRow.state).not_in(refused))
        .where(select(JobRow.id).where(JobRow.batch_id == BatchRow.id).exists())
        .order_by(col(BatchRow.id).desc())
        .limit(limit)
    )
    counts = select(func.count()).where(col(JobRow.batch_id).in_(newest)).group_by(col(JobRow.batch_id))
    return list(session.exec(counts).all())


def _lines() -> Select[Any]:
    columns = [getattr(JobRow, field) for field in OpenJob._fields]
    lines: Select[Any] = select(*columns)
    return lines.where(col(JobRow.state).in_(_OPEN))


def _read(session: Session, query: Select[Any]) -> list[OpenJob]:
    return [OpenJob._make(row) for row in session.exec(query).all()]  # type: ignore[call-overload]
