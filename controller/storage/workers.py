"""Workers: table and named queries."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel, col, select

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
    first_seen_at: datetime = instant()
    seen_at: datetime = instant()


def seen(session: Session, name: str, now: datetime, **values: Any) -> WorkerRow:
    """Note that a worker spoke, and what it said of itself."""
    row = session.get(WorkerRow, name)
    if row is None:
        row = WorkerRow(name=name, state="idle", first_seen_at=now, seen_at=now)
    row.seen_at = now
    for field, value in values.items():
        setattr(row, field, value)
    session.add(row)
    session.flush()
    return row


def all_workers(session: Session) -> list[WorkerRow]:
    """Every worker that was ever seen and is not gone, by name."""
    return list(session.exec(select(WorkerRow).where(WorkerRow.state != "gone").order_by(col(WorkerRow.name))).all())


def silent_since(session: Session, instant_: datetime) -> list[WorkerRow]:
    """Workers that are thought alive but have not spoken since."""
    states = ("idle", "busy", "draining")
    query = select(WorkerRow).where(col(WorkerRow.state).in_(states), col(WorkerRow.seen_at) < instant_)
    return list(session.exec(query).all())
