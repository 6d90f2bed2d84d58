"""The outbox: facts, written in the same transaction as what they tell."""

from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Field, Session, SQLModel, col, select

from controller.storage.tables import document, instant, key


class EventRow(SQLModel, table=True):
    """One fact. ``id`` grows, so a reader that was away asks for what came after the last it saw."""

    __tablename__ = "event"

    id: int | None = key()
    kind: str
    batch: str = Field(default="", index=True)
    job: str = ""
    data: dict[str, Any] = document(dict)
    at: datetime = instant()


def note(session: Session, now: datetime, kind: str, *, batch: str = "", job: str = "", **data: Any) -> None:
    """Write down what happened."""
    session.add(EventRow(kind=kind, batch=batch, job=job, data=data, at=now))


def events_after(session: Session, after: int, limit: int = 500, batch: str | None = None) -> list[EventRow]:
    """Facts newer than ``after``, oldest first."""
    query = select(EventRow).where(col(EventRow.id) > after).order_by(col(EventRow.id)).limit(limit)
    if batch is not None:
        query = query.where(EventRow.batch == batch)
    return list(session.exec(query).all())


def newest_event(session: Session) -> int:
    """The id of the newest fact, 0 when there is none."""
    return session.exec(select(func.max(EventRow.id))).one() or 0
