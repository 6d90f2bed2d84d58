"""Readings of recipes, kept by a digest of all that they depend on: table and named queries."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

from sqlalchemy import Column, Date, LargeBinary, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

_AT_ONCE = 5000
"""Keys in one statement: SQLite takes 32,766 parameters and Postgres 65,535."""


class ReadingRow(SQLModel, table=True):
    """What one recipe says for one subdir. The key covers the recipe, its pins, and what read it."""

    __tablename__ = "reading"

    key: str = Field(primary_key=True)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    used_on: date = Field(sa_column=Column(Date, nullable=False, index=True))


@dataclass(slots=True)
class Kept:
    """Readings that were found: bodies by key, and the keys that nobody used since the day before."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    idle: list[str] = field(default_factory=list)


def find_readings(session: Session, keys: Iterable[str], today: date) -> Kept:
    """Those of the keys that are kept."""
    kept = Kept()
    for some in _portions(keys):
        columns = select(col(ReadingRow.key), col(ReadingRow.body), col(ReadingRow.used_on))
        query = columns.where(col(ReadingRow.key).in_(some))
        for key, body, used_on in session.exec(query):
            kept.bodies[key] = body
            if used_on < today:
                kept.idle.append(key)
    return kept


def keep_readings(session: Session, bodies: Mapping[str, bytes], today: date) -> None:
    """Keep new ones. Who comes second with a key changes nothing: the same key is the same reading."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(ReadingRow).on_conflict_do_nothing()
    rows = [{"key": key, "body": body, "used_on": today} for key, body in sorted(bodies.items())]
    if rows:
        session.connection().execute(statement, rows)


def touch_readings(session: Session, keys: Iterable[str], today: date) -> None:
    """Note that they were used."""
    for some in _portions(sorted(keys)):
        session.connection().execute(update(ReadingRow).where(col(ReadingRow.key).in_(some)).values(used_on=today))


def prune_readings(session: Session, before: date) -> int:
    """Forget what was last used before a day; answers how many those were."""
    return session.connection().execute(delete(ReadingRow).where(col(ReadingRow.used_on) < before)).rowcount


def _portions(keys: Iterable[str]) -> Iterator[Sequence[str]]:
    left = iter(keys)
    while some := list(islice(left, _AT_ONCE)):
        yield some
