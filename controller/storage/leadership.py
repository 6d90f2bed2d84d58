"""Who leads the loop: one row with an epoch that grows at each takeover, and a lease by the database's clock.

All instants here are the database's own (``Database.clock``): the clocks of controllers may differ. A time that was
read and grew old in a pause does no harm, since every write has epoch or lease in its WHERE.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from controller.storage.tables import instant

_ONLY = 1


class LeadershipRow(SQLModel, table=True):
    """The one row. ``holder`` is for people; what counts is the epoch."""

    __tablename__ = "leadership"

    id: int = Field(default=_ONLY, sa_column=Column(Integer, primary_key=True, autoincrement=False))
    epoch: int = Field(sa_column=Column(BigInteger, nullable=False))
    holder: str
    since: datetime = instant()
    until: datetime = instant()
    ticked_at: datetime = instant()
    """When the leader last began to look at everything."""


def find(session: Session) -> LeadershipRow | None:
    """The row; None before anybody led."""
    return session.get(LeadershipRow, _ONLY)


def take(session: Session, holder: str, now: datetime, seconds: float) -> int | None:
    """The new epoch, if nobody's lease holds; else None."""
    _make(session, now)
    taken = session.exec(
        update(LeadershipRow)
        .where(col(LeadershipRow.id) == _ONLY, col(LeadershipRow.until) <= now)
        .values(
            epoch=LeadershipRow.epoch + 1, holder=holder, since=now, until=now + timedelta(seconds=seconds),
            ticked_at=now,
        )
        .returning(col(LeadershipRow.epoch))
    ).first()  # fmt: skip
    return int(taken[0]) if taken else None


def keep(session: Session, epoch: int, now: datetime, seconds: float, ticked_at: datetime) -> bool:
    """Renew the lease. False when it ran out or somebody else leads: then it is over for good."""
    done = session.exec(
        update(LeadershipRow)
        .where(*_held(epoch, now))
        .values(until=now + timedelta(seconds=seconds), ticked_at=ticked_at)
    )
    return done.rowcount == 1


def holds(session: Session, epoch: int, now: datetime, *, lock: bool = False) -> bool:
    """Whether this epoch leads. With ``lock`` nobody else can begin to until the transaction has ended."""
    query = select(LeadershipRow.id).where(*_held(epoch, now))
    return session.exec(query.with_for_update(read=True) if lock else query).first() is not None


def give_up(session: Session, epoch: int, now: datetime) -> None:
    """End the lease now, so that nobody needs to wait for its end."""
    session.exec(update(LeadershipRow).where(*_held(epoch, now)).values(until=now))


def end_when_paused(session: Session, seconds: float) -> None:
    """Have the server end this transaction when its process says nothing for so long, as it cannot when it is paused:
    else it would hold its rows from the next leader. SQLite has no server that could.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text(f"SET LOCAL idle_in_transaction_session_timeout = {round(seconds * 1000)}"))


def _held(epoch: int, now: datetime) -> tuple[Any, ...]:
    return (col(LeadershipRow.id) == _ONLY, col(LeadershipRow.epoch) == epoch, col(LeadershipRow.until) > now)


def _make(session: Session, now: datetime) -> None:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    table = LeadershipRow.__table__  # type: ignore[attr-defined]
    first = dialect.insert(table).values(id=_ONLY, epoch=0, holder="", since=now, until=now, ticked_at=now)
    session.connection().execute(first.on_conflict_do_nothing())
