"""Readings of recipes, kept by a digest of all that they depend on: table and named queries."""

import json
from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import Column, ColumnElement, Date, LargeBinary, String, cast, delete, func, update
from sqlalchemy import select as sa_select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select


class ReadingRow(SQLModel, table=True):
    """What one recipe says for one subdir. The key covers the recipe, its pins, and what read it."""

    __tablename__ = "reading"

    key: str = Field(primary_key=True)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    used_on: date = Field(sa_column=Column(Date, nullable=False, index=True))


def find_readings(session: Session, keys: Iterable[str]) -> dict[str, bytes]:
    """The bodies of those of the keys that are kept."""
    columns = select(col(ReadingRow.key), col(ReadingRow.body))
    return dict(session.exec(columns.where(_is_one_of(session, keys))).all())


def keep_readings(session: Session, bodies: Mapping[str, bytes], today: date) -> None:
    """Keep new ones. Who comes second with a key changes nothing: the same key is the same reading."""
    insert = sqlite.insert if _is_sqlite(session) else postgresql.insert
    statement = insert(ReadingRow).on_conflict_do_nothing()
    rows = [{"key": key, "body": body, "used_on": today} for key, body in sorted(bodies.items())]
    if rows:
        session.connection().execute(statement, rows)


def touch_readings(session: Session, keys: Iterable[str], today: date) -> None:
    """Note that they were used."""
    idle = _is_one_of(session, keys) & (col(ReadingRow.used_on) < today)
    session.connection().execute(update(ReadingRow).where(idle).values(used_on=today))


def prune_readings(session: Session, before: date) -> int:
    """Forget what was last used before a day; answers how many those were."""
    return session.connection().execute(delete(ReadingRow).where(col(ReadingRow.used_on) < before)).rowcount


def _is_one_of(session: Session, keys: Iterable[str]) -> ColumnElement[bool]:
    """All keys as one parameter: ten thousand of them would take longer to write into a statement than to look up."""
    if _is_sqlite(session):
        given = func.json_each(json.dumps(list(keys))).table_valued("value")
        return col(ReadingRow.key).in_(sa_select(given.c.value))
    return col(ReadingRow.key) == func.any(cast(list(keys), postgresql.ARRAY(String)))


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
