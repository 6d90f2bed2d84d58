"""What people keep from starting: table and named queries. Rows stay when a pause has ended, as its record."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Index, or_, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, select

from controller.domain.errors import BusyError
from controller.domain.pauses import Pause, PauseKind
from controller.planning.durations import folder_of
from controller.storage.tables import instant, key, maybe_instant


class PauseRow(SQLModel, table=True):
    """One pause. Of one thing one at most is open."""

    __tablename__ = "pause"
    __table_args__ = (
        Index("pause_open", "kind", "name", unique=True, postgresql_where=text("ended_at IS NULL"),
              sqlite_where=text("ended_at IS NULL")),
    )  # fmt: skip

    id: int | None = key()
    kind: str
    name: str
    author: str = Field(default="")
    reason: str = Field(default="")
    since: datetime = instant()
    until: datetime | None = maybe_instant()
    ended_at: datetime | None = maybe_instant()
    ended_by: str = Field(default="")

    def value(self) -> Pause:
        """The pause as the domain has it."""
        return Pause(PauseKind(self.kind), self.name, self.author, self.reason, self.since, self.until)


def open_pauses(session: Session) -> list[PauseRow]:
    """All that have not been ended, the oldest first; those whose time is over among them, until the loop ends them."""
    query = select(PauseRow).where(col(PauseRow.ended_at).is_(None))
    return list(session.exec(query.order_by(col(PauseRow.since), col(PauseRow.id))).all())


class Stopped(NamedTuple):
    """What is to start nothing, by name; a paused batch is held, and has nothing that could."""

    pools: frozenset[str]
    recipes: frozenset[str]
    """As folders: in whichever of a farm's trees."""


def stopped(session: Session) -> Stopped:
    """Pools and recipes that are paused now."""
    query = select(PauseRow.kind, PauseRow.name).where(
        col(PauseRow.ended_at).is_(None), PauseRow.kind != PauseKind.BATCH.value
    )
    found = session.exec(query).all()
    return Stopped(*(frozenset(n for kind, n in found if kind == of) for of in (PauseKind.POOL, PauseKind.RECIPE)))


def begin(session: Session, row: PauseRow) -> None:
    """Keep a new pause, or a changed one. Raises BusyError where somebody paused the same at this moment."""
    try:
        session.add(row)
        session.flush()
    except IntegrityError as error:
        remedy = "Look at `farm paused`, and ask again if that is not what you want."
        raise BusyError(f"Somebody paused {row.name} at this moment.", remedy=remedy) from error


def find_open(session: Session, kind: PauseKind, name: str) -> PauseRow | None:
    """The open pause of this."""
    query = select(PauseRow).where(PauseRow.kind == kind.value, PauseRow.name == name, col(PauseRow.ended_at).is_(None))
    return session.exec(query).first()


def of_job(session: Session, batch: str, recipe: str, pool: str) -> list[PauseRow]:
    """The open pauses that concern a job."""
    concerned = or_(
        *(
            (col(PauseRow.kind) == kind.value) & (col(PauseRow.name) == name)
            for kind, name in (
                (PauseKind.BATCH, batch),
                (PauseKind.RECIPE, folder_of(recipe)),
                (PauseKind.POOL, pool),
            )
        )
    )
    query = select(PauseRow).where(concerned, col(PauseRow.ended_at).is_(None)).order_by(col(PauseRow.id))
    return list(session.exec(query).all())


def end(session: Session, row: PauseRow, now: datetime, who: str) -> None:
    """Write down that it is over."""
    row.ended_at, row.ended_by = now, who
    session.add(row)
