"""Jobs as lines of a list: the columns a list shows, without orders and outputs, which weigh most of a row."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, case, func, null
from sqlmodel import Session, col, select

from controller.domain.batches import BatchState
from controller.domain.jobs import AttemptState
from controller.storage.batches import BatchRow
from controller.storage.jobs import AttemptRow, JobEdge, JobRow


class JobLine(NamedTuple):
    """A job without its order and outputs."""

    id: int
    batch_id: int
    kind: str
    state: str
    recipe: str
    name: str
    subdir: str
    pool: str
    wave: int
    attempts: int
    losses: int
    open_parents: int
    outcome: str
    phase: str
    message: str
    failing: list[Any] | None
    reasons: list[Any] | None
    artifact: str
    started_at: datetime | None
    ended_at: datetime | None
    ready_at: datetime | None
    stage: int = 0
    failure: str = ""
    height: int = 0
    place: int = 0
    remark: str = ""

    @property
    def public(self) -> str:
        """The id people use."""
        return f"J-{self.id}"


def _lines(reasons_of: Collection[str] | None = None) -> Select[Any]:
    columns = {field: getattr(JobRow, field) for field in JobLine._fields}
    if reasons_of is not None:
        wanted = col(JobRow.state).in_(reasons_of)
        for weighty in ("reasons", "failing"):
            columns[weighty] = case((wanted, columns[weighty]), else_=null())
    return select(*columns.values())  # type: ignore[no-any-return]


def _read(session: Session, query: Select[Any]) -> list[JobLine]:
    rows = session.exec(query).all()  # type: ignore[call-overload]
    return [JobLine._make(row) for row in rows]


def of_batch(session: Session, batch_id: int, reasons_of: Collection[str] | None = None) -> list[JobLine]:
    """All jobs of a batch, in waves; with ``reasons_of`` only jobs in these states bring their reasons along."""
    query = _lines() if reasons_of is None else _lines(reasons_of)
    return _read(session, query.where(col(JobRow.batch_id) == batch_id).order_by(col(JobRow.wave), col(JobRow.id)))


def by_ids(session: Session, ids: Sequence[int]) -> list[JobLine]:
    """These jobs, in waves."""
    found: list[JobLine] = []
    for start in range(0, len(ids), 500):
        found += _read(session, _lines().where(col(JobRow.id).in_(ids[start : start + 500])))
    return sorted(found, key=lambda job: (job.wave, job.id))


def named(session: Session, batch_id: int, names: Collection[str]) -> list[JobLine]:
    """The jobs of a batch that are about packages of these names, in waves."""
    wanted = _lines().where(col(JobRow.batch_id) == batch_id, col(JobRow.name).in_(sorted(names)))
    return _read(session, wanted.order_by(col(JobRow.wave), col(JobRow.id)))


def broken_last(session: Session, states: Sequence[str], limit: int) -> list[JobLine]:
    """The jobs that broke last, newest first."""
    return _read(
        session, _lines().where(col(JobRow.state).in_(states)).order_by(col(JobRow.ended_at).desc()).limit(limit)
    )


def in_order_of_start(session: Session, state: str, limit: int) -> list[JobLine]:
    """Jobs in a state in the order of the queue."""
    query = _lines().where(col(JobRow.state) == state).order_by(col(JobRow.rank), col(JobRow.id)).limit(limit)
    return _read(session, query)


def around(session: Session, job_id: int) -> tuple[list[JobLine], list[JobLine]]:
    """The jobs that this one waits for, and those that wait for it."""
    parents = select(JobEdge.parent_id).where(JobEdge.child_id == job_id)
    children = select(JobEdge.child_id).where(JobEdge.parent_id == job_id)
    order = (col(JobRow.wave), col(JobRow.id))
    return (
        _read(session, _lines().where(col(JobRow.id).in_(parents)).order_by(*order)),
        _read(session, _lines().where(col(JobRow.id).in_(children)).order_by(*order)),
    )


def holders(session: Session) -> dict[int, str]:
    """Job id to the worker that holds its lease now."""
    query = select(AttemptRow.job_id, AttemptRow.worker).where(AttemptRow.state == AttemptState.LEASED.value)
    return dict(session.exec(query).all())


def last_workers(session: Session, job_ids: Sequence[int]) -> dict[int, str]:
    """Job id to the worker of its newest attempt."""
    newest = (
        select(AttemptRow.job_id, func.max(AttemptRow.lease).label("lease"))
        .where(col(AttemptRow.job_id).in_(job_ids))
        .group_by(col(AttemptRow.job_id))
        .subquery()
    )
    query = select(AttemptRow.job_id, AttemptRow.worker).join(
        newest, (col(AttemptRow.job_id) == newest.c.job_id) & (col(AttemptRow.lease) == newest.c.lease)
    )
    return dict(session.exec(query).all())


def counts_by_wave(session: Session, batch_id: int, waves: Collection[int]) -> dict[int, dict[str, int]]:
    """Wave to state to number of jobs, for these waves of a batch."""
    query = (
        select(JobRow.wave, JobRow.state, func.count())
        .where(JobRow.batch_id == batch_id, col(JobRow.wave).in_(waves))
        .group_by(col(JobRow.wave), col(JobRow.state))
    )
    counts: dict[int, dict[str, int]] = {wave: {} for wave in waves}
    for wave, state, number in session.exec(query).all():
        counts[wave][state] = number
    return counts


def counts_by_pool(session: Session) -> list[tuple[str, str, str, int]]:
    """(pool, kind, state, number) of the jobs of running batches."""
    query = (
        select(JobRow.pool, JobRow.kind, JobRow.state, func.count())
        .join(BatchRow, col(BatchRow.id) == col(JobRow.batch_id))
        .where(BatchRow.state == BatchState.RUNNING.value)
        .group_by(col(JobRow.pool), col(JobRow.kind), col(JobRow.state))
    )
    return [(pool, kind, state, number) for pool, kind, state, number in session.exec(query).all()]
