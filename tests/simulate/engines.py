"""One engine for all histories of a process, so that statements are compiled once; the database behind it changes."""

import shutil
import socket
import sqlite3
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import NullPool, QueuePool, create_engine, event, text
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

from controller.storage import database
from tests.simulate.stage import Stage, scratch

_POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/test"


@dataclass
class _Behind:
    path: Path = Path()


_behind = _Behind()


@cache
def _sqlite() -> Engine:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(_behind.path, timeout=1.0, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=30)
    event.listen(engine, "connect", database._prepare)
    event.listen(engine, "begin", database._begin)
    return engine


def sqlite_of(stage: Stage, folder: Path) -> Engine:
    """A copy of the stage's database."""
    _sqlite().dispose()
    _behind.path = folder / "farm.sqlite3"
    shutil.copyfile(stage.folder / "farm.sqlite3", _behind.path)
    return _sqlite()


def has_postgres() -> bool:
    """Whether a local server answers."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", 5432)) == 0


def _administer(statement: str) -> None:
    engine = create_engine(_POSTGRES, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(statement))


@cache
def _postgres() -> Engine:
    schema = scratch().name.replace("-", "_").lower()
    _administer(f"CREATE SCHEMA {schema}")
    engine = create_engine(_POSTGRES, connect_args={"options": f"-csearch_path={schema}"})
    SQLModel.metadata.create_all(engine)
    return engine


def postgres_of(stage: Stage) -> Engine:
    """The stage's rows in a schema of our own."""
    engine = _postgres()
    source = create_engine(f"sqlite:///{stage.folder / 'farm.sqlite3'}")
    tables = SQLModel.metadata.sorted_tables
    with source.connect() as rows, engine.begin() as connection:
        names = ", ".join(f'"{table.name}"' for table in tables)
        connection.execute(text(f"TRUNCATE {names} CASCADE"))
        for table in tables:
            found = [row._asdict() for row in rows.execute(table.select())]
            if found:
                connection.execute(table.insert(), found)
            if "id" in table.c and str(table.c.id.type).upper().startswith("BIGINT"):
                connection.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), coalesce(max(id), 0) + 1, false) "
                        f"FROM {table.name}"
                    )
                )
    source.dispose()
    return engine


def drop() -> None:
    """Leave nothing open, and nothing in the server."""
    if _sqlite.cache_info().currsize:
        _sqlite().dispose()
    if _postgres.cache_info().currsize:
        engine = _postgres()
        engine.dispose()
        schema = scratch().name.replace("-", "_").lower()
        _administer(f"DROP SCHEMA {schema} CASCADE")
        _postgres.cache_clear()
