"""Tests that are quarantined: table and named queries. Rows stay when an entry has ended, as its record."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Index, case, or_, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col, select

from controller.domain.quarantines import Quarantine
from controller.storage.tables import instant, key, maybe_instant

_OPEN = text("ended_at IS NULL")


class QuarantineRow(SQLModel, table=True):
    """One entry. Of one test or case one at most is open."""

    __tablename__ = "quarantine"
    __table_args__ = (
        Index("quarantine_open", "name", "subdir", "case_name", unique=True, postgresql_where=_OPEN,
              sqlite_where=_OPEN),
    )  # fmt: skip

    id: int | None = key()
    name: str
    subdir: str = ""
    case_name: str = ""
    author: str
    reason: str = ""
    since: datetime = instant()
    until: datetime = instant()
    clean: int = 0
    ended_at: datetime | None = maybe_instant()
    ended_by: str = ""

    def value(self) -> Quarantine:
        """The entry as the domain has it."""
        return Quarantine(
            self.name, self.subdir, self.case_name, self.author, self.reason, self.since, self.until, self.clean
        )


def begin(session: Session, row: QuarantineRow) -> bool:
    """Keep a new entry. False where one of the same stands already."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    table = QuarantineRow.__table__  # type: ignore[attr-defined]
    new = dialect.insert(table).values(**row.model_dump(exclude={"id"}))
    kept = new.on_conflict_do_nothing(index_elements=["name", "subdir", "case_name"], index_where=_OPEN)
    return session.connection().execute(kept.returning(table.c.id)).scalar_one_or_none() is not None


def find_open(session: Session, name: str, subdir: str, case_name: str) -> QuarantineRow | None:
    """The open entry of this."""
    query = select(QuarantineRow).where(
        QuarantineRow.name == name, QuarantineRow.subdir == subdir, QuarantineRow.case_name == case_name,
        col(QuarantineRow.ended_at).is_(None),
    )  # fmt: skip
    return session.exec(query).first()


def open_entries(session: Session) -> list[QuarantineRow]:
    """All that have not been ended, the oldest first; those whose time is over among them, until the loop ends them."""
    query = select(QuarantineRow).where(col(QuarantineRow.ended_at).is_(None))
    return list(session.exec(query.order_by(col(QuarantineRow.since), col(QuarantineRow.id))).all())


def of_test(session: Session, name: str, subdir: str, now: datetime) -> list[QuarantineRow]:
    """The entries that hold now for a test and its cases."""
    query = select(QuarantineRow).where(
        QuarantineRow.name == name, or_(col(QuarantineRow.subdir) == subdir, col(QuarantineRow.subdir) == ""),
        col(QuarantineRow.ended_at).is_(None), col(QuarantineRow.until) > now,
    )  # fmt: skip
    return list(session.exec(query.order_by(col(QuarantineRow.id))).all())


def count_runs(session: Session, clean: Sequence[int], failed: Sequence[int]) -> dict[int, int]:
    """One more run of what these entries name, by their numbers. Answers how many clean ones each has now."""
    if not clean and not failed:
        return {}
    lock(session, [*clean, *failed])
    counted = (
        update(QuarantineRow)
        .where(col(QuarantineRow.id).in_([*clean, *failed]))
        .values(clean=case((col(QuarantineRow.id).in_(failed), 0), else_=QuarantineRow.clean + 1))
        .returning(col(QuarantineRow.id), col(QuarantineRow.clean))
        .execution_options(synchronize_session=False)
    )
    return {number or 0: times for number, times in session.exec(counted).all()}


def lock(session: Session, numbers: Sequence[int]) -> None:
    """Hold these entries, in order, so that no two who need several wait for each other."""
    wanted = select(QuarantineRow.id).where(col(QuarantineRow.id).in_(numbers)).order_by(col(QuarantineRow.id))
    session.exec(wanted.with_for_update()).all()


def end(session: Session, number: int, now: datetime, who: str) -> bool:
    """Write down that it is over. False where somebody was first."""
    done = session.exec(
        update(QuarantineRow)
        .where(col(QuarantineRow.id) == number, col(QuarantineRow.ended_at).is_(None))
        .values(ended_at=now, ended_by=who)
        .execution_options(synchronize_session="fetch")
    )
    return int(done.rowcount) == 1
