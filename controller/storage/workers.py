"""Workers: table and named queries."""

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col, select

from controller.domain.errors import NotFoundError
from controller.storage.tables import document, instant


class WorkerRow(SQLModel, table=True):
    """A worker as it last described itself."""

    __tablename__ = "worker"

    name: str = Field(primary_key=True)
    pools: list[str] = document(list)
    machine: dict[str, Any] = document(dict)
    state: str
    version: str = ""
    protocol: int = 0
    attempt: str = ""
    lost: list[str] = document(list)
    """Jobs that it lost in a row, each once, since it last brought one to an end."""
    drained: str = ""
    """Why the farm gives it no more work; empty while it does."""
    first_seen_at: datetime = instant()
    seen_at: datetime = instant()


def seen(session: Session, name: str, now: Any, **values: Any) -> WorkerRow:
    """Note that a worker spoke, by the database's clock, and what it said of itself."""
    loaded = session.identity_map.get(session.identity_key(WorkerRow, name))
    row = loaded or _told(session, name, values | {"seen_at": now})
    if row is not None and row is not loaded:
        return row
    if row is None:
        row = WorkerRow(name=name, state="idle", first_seen_at=now, seen_at=now)
    row.seen_at = now
    for field, value in values.items():
        setattr(row, field, value)
    session.add(row)
    session.flush()
    return row


def _told(session: Session, name: str, values: dict[str, Any]) -> WorkerRow | None:
    """One that is known already is written without being read first."""
    told = update(WorkerRow).where(col(WorkerRow.name) == name).values(**values).returning(WorkerRow)
    return session.scalars(told.execution_options(synchronize_session=False)).first()


def maybe_worker(session: Session, name: str) -> WorkerRow | None:
    """The worker, if it was ever seen. Whoever holds it spares later questions of this transaction."""
    return session.get(WorkerRow, name)


def all_workers(session: Session) -> list[WorkerRow]:
    """Every worker that was ever seen and is not gone, by name."""
    return list(session.exec(select(WorkerRow).where(WorkerRow.state != "gone").order_by(col(WorkerRow.name))).all())


def shown_state(row: WorkerRow) -> str:
    """As it said itself; one that is to get no more work drains as soon as it is idle."""
    return "draining" if row.drained and row.state == "idle" else row.state


def silent_since(session: Session, instant_: datetime) -> list[WorkerRow]:
    """Workers that are thought alive but have not spoken since."""
    states = ("idle", "busy", "draining")
    query = select(WorkerRow).where(col(WorkerRow.state).in_(states), col(WorkerRow.seen_at) < instant_)
    return list(session.exec(query).all())


def find_worker(session: Session, name: str) -> WorkerRow:
    """The worker. Raises NotFoundError."""
    row = session.get(WorkerRow, name)
    if row is None:
        raise NotFoundError(f"There is no worker {name}.", remedy="See `farm worker list`.")
    return row


def serving(session: Session, since: datetime) -> list[WorkerRow]:
    """Workers that were heard of since, and are given work."""
    query = select(WorkerRow).where(
        col(WorkerRow.state).in_(("idle", "busy")), WorkerRow.drained == "", col(WorkerRow.seen_at) >= since
    )
    return list(session.exec(query).all())


def beside(session: Session, name: str, host: str) -> list[str]:
    """The other workers on a machine."""
    return [row.name for row in all_workers(session) if row.name != name and row.machine.get("host") == host]
