"""The outbox: facts, written in the same transaction as what they tell.

A reader goes on after the last number it saw, so no fact may come to light with a number below one that was read.
Therefore numbers are given last of all, one transaction at a time: who has numbered its facts commits at once.
"""

import json
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
_ALL_AT_ONCE = text(
    """WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(:k))
    INSERT INTO event (kind, batch, job, data, at)
    SELECT fact.kind, fact.batch, fact.job, fact.said::jsonb, fact.at FROM locked,
        unnest(CAST(:kinds AS text[]), CAST(:batchs AS text[]), CAST(:jobs AS text[]), CAST(:said AS text[]),
               CAST(:ats AS timestamptz[])) WITH ORDINALITY AS fact (kind, batch, job, said, at, place)
    ORDER BY fact.place"""
)
"""The lock is had before the first number is given: rows are made of what it answers."""


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
        columns = {f"{name}s": [getattr(fact, name) for fact in facts] for name in ("kind", "batch", "job", "at")}
        said = [json.dumps(fact.data) for fact in facts]
        session.connection().execute(_ALL_AT_ONCE, columns | {"said": said, "k": OUTBOX_LOCK})
    else:
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
