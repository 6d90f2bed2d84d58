"""Engine, sessions, and the differences between SQLite and Postgres.

SQLite runs in WAL mode; a writing transaction takes the write lock at its start (``BEGIN IMMEDIATE``),
so that it never fails half-way for a lock; a reading one never waits. Postgres uses row locks.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Integer,
    Interval,
    TypeDecorator,
    create_engine,
    event,
    func,
    literal,
    make_url,
    text,
)
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlmodel import Session

from controller.domain.errors import DatabaseError, InvalidInputError

__all__ = ["Database", "Session"]

BigKey = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Naive datetimes are refused; what comes back is in UTC on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse naive values, store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is not an instant")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """SQLite forgets the zone; it is always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """One database: reading and writing transactions."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._writer = self.engine.execution_options(farm_writes=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded store."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that commits at its end, or leaves nothing behind when an error passes through."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that writes nothing."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def clock(self, session: Session) -> datetime:
        """What time it is by the database, while its transaction goes on: the one clock that all controllers share."""
        if self.is_sqlite:
            said = session.connection().execute(text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')")).scalar_one()
            return datetime.fromisoformat(said).replace(tzinfo=UTC)
        at: datetime = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
        return at.astimezone(UTC)

    def clock_value(self, session: Session, seconds: float = 0.0) -> Any:
        """What the clock shows when a statement is done, and so many seconds: a value to be written by it.

        A server reads its clock as it writes, which spares asking for it; with SQLite asking costs nothing.
        """
        if self.is_sqlite:
            return self.clock(session) + timedelta(seconds=seconds)
        return func.clock_timestamp(type_=UtcDateTime()) + literal(timedelta(seconds=seconds), Interval())

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url, parsed.database)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed, pool_size=20, max_overflow=10, pool_use_lifo=True)
    event.listen(engine, "checkin", _rested)
    event.listen(engine, "checkout", _ping)
    return engine


_RESTED = "when it was given back"
_FRESH_SECONDS = 2.0


def _rested(_connection: object, record: Any) -> None:
    record.info[_RESTED] = time.monotonic()


def _ping(connection: Any, record: Any, _proxy: object) -> None:
    """A connection that was used a moment ago is trusted; another one is asked first whether its server is still there.

    Asking each time would cost as much as a statement. Where a fresh one fails after all, that one request does.
    """
    if time.monotonic() - record.info.get(_RESTED, time.monotonic()) < _FRESH_SECONDS:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError("the server went away") from error  # the pool makes a new one


def _parsed(url: str) -> URL:
    """Raises InvalidInputError, which does not repeat the address: it may hold a password."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise InvalidInputError(
            "The database's address is none that the farm knows.",
            remedy="Give it as postgresql://user@host/name, or leave it out for SQLite in the data folder.",
        )
    return parsed


def _sqlite(url: str, path: str | None) -> Engine:
    if path and path != ":memory:":
        _make_folder(Path(path).parent)
    engine = create_engine(url, connect_args={"timeout": 30.0, "check_same_thread": False})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"The folder of the database cannot be made: {error}.", remedy="Look at --data and at FARM_DATABASE_URL."
        ) from error


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin, not by the driver
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("farm_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
