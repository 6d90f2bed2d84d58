"""What became of what trees expect to fail, when it was tried last: table and named queries."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, delete, not_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, select

from controller.domain.remarks import RemarkKind
from controller.storage.database import BigKey
from controller.storage.tables import instant

_KEY = ("recipe", "name", "subdir", "kind", "case_name")


class ExpectationRow(SQLModel, table=True):
    """One expectation of one package, and how it came out. It goes when its tree does not say it any more."""

    __tablename__ = "expectation"

    recipe: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    subdir: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    """``build`` or ``test``."""
    case_name: str = Field(primary_key=True)
    state: str
    """A word of ``RemarkKind``; never ``failed_quarantined``."""
    why: str = ""
    until: date | None = None
    batch_id: int = Field(sa_type=BigKey)
    job: str
    at: datetime = instant()


def renew(session: Session, of: tuple[str, str, str, str], rows: Sequence[ExpectationRow], said: Sequence[str]) -> None:
    """Keep what came of the expectations of one recipe, package, subdir and kind; ``said`` are the cases that its tree
    names now, and all others go.
    """
    table = ExpectationRow.__table__  # type: ignore[attr-defined]
    gone = delete(table).where(*(table.c[key] == value for key, value in zip(_KEY[:-1], of, strict=True)))
    session.connection().execute(gone.where(table.c.case_name.not_in(said)) if said else gone)
    if rows:
        session.connection().execute(_kept(session, rows))


def _kept(session: Session, rows: Sequence[ExpectationRow]) -> Any:
    """Of several variants in one batch that come out differently the one that fails stands: the line is needed yet."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    table = ExpectationRow.__table__  # type: ignore[attr-defined]
    new = dialect.insert(table).values([row.model_dump() for row in rows])
    outdone = and_(
        table.c.batch_id == new.excluded.batch_id, table.c.job != new.excluded.job,
        table.c.state == RemarkKind.EXPECTED.value, new.excluded.state == RemarkKind.NOW_PASSES.value,
    )  # fmt: skip
    renewed = {column: new.excluded[column] for column in ("state", "why", "until", "batch_id", "job", "at")}
    return new.on_conflict_do_update(index_elements=_KEY, set_=renewed, where=not_(outdone))


def all_of(session: Session, limit: int) -> list[ExpectationRow]:
    """All of them, what is most in need of a person first: what passes now, and what is expected no more."""
    rows = session.exec(select(ExpectationRow).limit(limit)).all()
    return sorted(rows, key=lambda row: (_ORDER.index(row.state), row.name, row.subdir, row.kind, row.case_name))


_ORDER = ("now_passes", "over", "failed_expected")
