"""How often tests came and went: one row for each recipe, package and subdir, renewed by one statement."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, literal, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from controller.storage.cases import carried
from controller.storage.database import BigKey
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
    recent_flakes: int = Field(default=0, sa_type=BigKey)
    """Bits of the runs up to the last; see planning.history."""


def count(session: Session, row: FlakeRow) -> int:
    """One more ended test job, and with ``flakes`` 1 one that came and went. Answers which run of its test it was.

    Two that end at once both count: until the commit no other run of the same test gets a number.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    table = FlakeRow.__table__  # type: ignore[attr-defined]
    new = dialect.insert(table).values(**row.model_dump())
    flaked = new.excluded.flakes > 0
    renewed = {
        "runs": table.c.runs + 1, "flakes": table.c.flakes + new.excluded.flakes,
        "recent_flakes": carried(table.c.recent_flakes, literal(1)).bitwise_or(new.excluded.recent_flakes),
    } | {
        field: case((flaked, new.excluded[field]), else_=table.c[field]) for field in ("line", "job", "at")
    }  # fmt: skip
    counted = new.on_conflict_do_update(index_elements=_KEY, set_=renewed).returning(table.c.runs)
    return int(session.connection().execute(counted).scalar_one())


def find(session: Session, recipe: str, name: str, subdir: str) -> FlakeRow | None:
    """What is known of a test."""
    return session.get(FlakeRow, (recipe, name, subdir))


def runs_of(session: Session, names: Sequence[str]) -> dict[tuple[str, str, str], int]:
    """Recipe, package and subdir to how often its test ended, of these packages."""
    query = select(FlakeRow).where(col(FlakeRow.name).in_(names))
    return {(row.recipe, row.name, row.subdir): row.runs for row in session.exec(query).all()}


def begin_anew(session: Session, name: str, subdir: str) -> None:
    """Forget of late what came and went of a test as a whole; an empty subdir means all."""
    query = update(FlakeRow).where(col(FlakeRow.name) == name)
    query = query.where(col(FlakeRow.subdir) == subdir) if subdir else query
    session.exec(query.values(recent_flakes=0).execution_options(synchronize_session=False))


def seen(session: Session) -> Sequence[FlakeRow]:
    """Tests that came and went, the most frequent first."""
    query = select(FlakeRow).where(col(FlakeRow.flakes) > 0)
    return session.exec(query.order_by(col(FlakeRow.flakes).desc(), *(getattr(FlakeRow, key) for key in _KEY))).all()
