"""How often tests came and went: one row for each recipe, package and subdir, renewed by one statement."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from controller.storage.tables import maybe_instant

_KEY = ("recipe", "name", "subdir")


class FlakeRow(SQLModel, table=True):
    """Test jobs of one package that ended, and those of them that failed and passed when repeated alone."""

    __tablename__ = "flake"

    recipe: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    subdir: str = Field(primary_key=True)
    runs: int
    flakes: int
    line: str = ""
    """The failing line of the last one."""
    job: str = ""
    at: datetime | None = maybe_instant()
    """When the last one was seen."""


def count(session: Session, row: FlakeRow) -> None:
    """One more ended test job, and with ``flakes`` 1 one that came and went; two that end at once both count."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    table = FlakeRow.__table__  # type: ignore[attr-defined]
    new = dialect.insert(table).values(**row.model_dump())
    flaked = new.excluded.flakes > 0
    renewed = {"runs": table.c.runs + 1, "flakes": table.c.flakes + new.excluded.flakes} | {
        field: case((flaked, new.excluded[field]), else_=table.c[field]) for field in ("line", "job", "at")
    }
    session.connection().execute(new.on_conflict_do_update(index_elements=_KEY, set_=renewed))


def seen(session: Session) -> Sequence[FlakeRow]:
    """Tests that came and went, the most frequent first."""
    query = select(FlakeRow).where(col(FlakeRow.flakes) > 0)
    return session.exec(query.order_by(col(FlakeRow.flakes).desc(), *(getattr(FlakeRow, key) for key in _KEY))).all()
