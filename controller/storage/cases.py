"""Cases of tests that failed or came and went: one row for each, renewed by one statement for all of a run."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, delete, literal, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from controller.planning.history import ALL_RUNS, MOST_RUNS
from controller.storage.database import BigKey
from controller.storage.tables import instant

_KEY = ("recipe", "name", "subdir", "case_name")
_LATEST = ("line", "place", "job", "last_at", "run")


class CaseRow(SQLModel, table=True):
    """A case that did not always pass. The numbers of bits are of the runs up to ``run``; see planning.history."""

    __tablename__ = "test_case"

    recipe: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    subdir: str = Field(primary_key=True)
    case_name: str = Field(primary_key=True)
    failures: int
    """Runs in which it failed to the end."""
    flakes: int
    """Runs in which it failed, and passed when repeated alone."""
    recent_failures: int = Field(sa_type=BigKey)
    recent_flakes: int = Field(sa_type=BigKey)
    run: int
    """The run of its test in which it was seen last; see storage.flakes."""
    line: str = ""
    """What it said last."""
    place: str = ""
    """``file:line``, where it is told."""
    job: str
    first_at: datetime = instant()
    last_at: datetime = instant()


def count(session: Session, rows: Sequence[CaseRow]) -> None:
    """Cases of one run, each named once: a new row holds 1 or 0 in its counts, and in its bits."""
    if not rows:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    table = CaseRow.__table__  # type: ignore[attr-defined]
    new = dialect.insert(table).values([row.model_dump() for row in rows])
    renewed: dict[str, Any] = {field: new.excluded[field] for field in _LATEST}
    for field in ("failures", "flakes"):
        renewed[field] = table.c[field] + new.excluded[field]
    for field in ("recent_failures", "recent_flakes"):
        kept = carried(table.c[field], new.excluded.run - table.c.run)
        renewed[field] = kept.bitwise_or(new.excluded[field])
    session.connection().execute(new.on_conflict_do_update(index_elements=_KEY, set_=renewed))


def carried(recent: Any, runs: Any) -> ColumnElement[int]:
    """The bits of a column, so many runs later; what no longer fits is forgotten."""
    room = literal(ALL_RUNS, BigInteger).bitwise_rshift(runs)
    return case((runs >= MOST_RUNS, literal(0, BigInteger)), else_=recent.bitwise_and(room).bitwise_lshift(runs))


def of_test(session: Session, recipe: str, name: str, subdir: str, names: Sequence[str]) -> dict[str, CaseRow]:
    """What is known of these cases of a test, by their names."""
    query = select(CaseRow).where(
        CaseRow.recipe == recipe, CaseRow.name == name, CaseRow.subdir == subdir, col(CaseRow.case_name).in_(names)
    )
    return {row.case_name: row for row in session.exec(query).all()}


def flaked(session: Session, limit: int) -> list[CaseRow]:
    """Cases that came and went, the most frequent first."""
    query = select(CaseRow).where(col(CaseRow.flakes) > 0)
    order = (col(CaseRow.flakes).desc(), *(getattr(CaseRow, key) for key in _KEY))
    return list(session.exec(query.order_by(*order).limit(limit)).all())


def begin_anew(session: Session, name: str, subdir: str, case_name: str) -> None:
    """Forget of late what came and went: a person says that it is mended. An empty subdir means all."""
    query = update(CaseRow).where(col(CaseRow.name) == name, col(CaseRow.case_name) == case_name)
    query = query.where(col(CaseRow.subdir) == subdir) if subdir else query
    session.exec(query.values(recent_flakes=0).execution_options(synchronize_session=False))


def forget_old(session: Session, recipe: str, name: str, subdir: str, before: datetime) -> None:
    """Drop the cases of a test that were last seen before an instant."""
    old = delete(CaseRow).where(
        col(CaseRow.recipe) == recipe, col(CaseRow.name) == name, col(CaseRow.subdir) == subdir,
        col(CaseRow.last_at) < before,
    )  # fmt: skip
    session.exec(old.execution_options(synchronize_session=False))


KEPT = timedelta(days=365)
"""A case that nobody saw fail for so long is forgotten."""
