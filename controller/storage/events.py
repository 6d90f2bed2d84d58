"""The outbox: facts, written in the same transaction as what they tell.

A reader goes on after the last number it saw, so no fact may come to light with a number below one that was read.
Therefore numbers are given last of all, one transaction at a time: who has numbered its facts commits at once.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import event, func, text
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


OUTBOX_LOCK = 0x66616374  # "fact": held on Postgres from the numbering of facts to the commit
_KEPT = "facts to be written"


def note(session: Session, now: datetime, kind: str, *, batch: str = "", job: str = "", **data: Any) -> None:
    """Write down what happened, when the transaction commits."""
    session.info.setdefault(_KEPT, []).append(EventRow(kind=kind, batch=batch, job=job, data=data, at=now))


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    """No other lock is taken after this one, so nobody can wait for each other here."""
    facts = session.info.pop(_KEPT, [])
    if not facts:
        return
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": OUTBOX_LOCK})
    session.add_all(facts)
    session.flush()


def events_after(session: Session, after: int, limit: int = 500, batch: str | None = None) -> list[EventRow]:
    """Facts newer than ``after``, oldest first."""
    query = select(EventRow).where(col(EventRow.id) > after).order_by(col(EventRow.id)).limit(limit)
    if batch is not None:
        query = query.where(EventRow.batch == batch)
    return list(session.exec(query).all())


def newest_event(session: Session) -> int:
    """The id of the newest fact, 0 when there is none."""
    return session.exec(select(func.max(EventRow.id))).one() or 0
