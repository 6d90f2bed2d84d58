"""The points of a controller at which it may die, be paused, or be told a lie: each commit and each outside call."""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from controller.gateways.blobs import Blobs
from controller.gateways.logs import Logs
from controller.gateways.uploads import Uploads
from controller.storage.database import Database, Session
from tests.simulate.scheduler import Host, Killed

if TYPE_CHECKING:
    from tests.simulate.history import History

_KILL = ("controller killed",)


class Points:
    """Asks at each point what goes wrong there, and lets others in between where the real farm would."""

    def __init__(self, history: "History", host: Host) -> None:
        self.history, self.host = history, host

    def strike(self, where: str, modes: Iterable[str] = ()) -> str | None:
        """Die, or say which of ``modes`` happens here."""
        actor = self.history.scheduler.current
        if actor is None or actor.host is not self.host:
            return None
        if actor.gone:
            raise Killed
        mode = self.history.faults.at_point((*_KILL, *modes))
        if mode is not None:
            self.history.say(f"FAULT {mode}, {where} ({actor.name}) of {self.host.name}")
        if mode == "controller killed":
            self.history.kill(self.host)
            raise Killed
        return mode

    def give_way(self) -> None:
        """Somebody else may act now, unless this one holds the database's lock."""
        history = self.history
        actor = history.scheduler.current
        if actor is None or actor.host is not self.host or actor.writing:
            return
        if history.faults.strikes("controller paused"):
            seconds = history.rng.choice([2.0, 20.0, 70.0, 200.0, 900.0])
            history.say(f"FAULT {self.host.name} is paused for {seconds:g} s")
            history.pause(self.host, seconds)
        if history.rng.random() < 0.5 or self.host.paused_until > history.scheduler.now:
            history.scheduler.sleep(history.delay())

    @contextmanager
    def call(self, where: str, *modes: str) -> Iterator[None]:
        """An outside call: it may be refused, and it may be done and yet be answered by an error."""
        mode = self.strike(f"before {where}", modes)
        if mode is not None and not mode.endswith("answered by an error"):
            raise OSError(errno.ENOSPC if mode == "disk full" else errno.EIO, mode)
        yield
        if mode is not None:
            raise OSError(errno.EIO, mode)
        self.strike(f"after {where}")


def refused(words: str) -> OperationalError:
    """What SQLAlchemy raises when the database cannot be reached, or goes away."""
    return OperationalError(words, None, Exception(words))


class SimulatedDatabase(Database):
    """The real database, which may refuse, and may lose its answer to a commit. Its clock is the history's."""

    def __init__(self, engine: Engine, points: Points) -> None:
        self.url, self.engine = str(engine.url), engine
        self._writer = engine.execution_options(farm_writes=True)
        self._points = points

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A writing transaction."""
        points, actor = self._points, self._points.history.scheduler.current
        if actor is not None and actor.gone:
            raise Killed
        points.give_way()
        self._reach("begin")
        if actor is not None:
            actor.writing = True
        try:
            with super().writing() as session:
                yield session
                session.flush()
                mode = points.strike("before commit", ("commit answered by an error",))
        finally:
            if actor is not None:
                actor.writing = False
        points.history.committed()
        points.strike("after commit")
        if mode is not None:
            raise refused("the connection was lost while the transaction was committed")
        points.give_way()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A reading transaction."""
        self._points.give_way()
        self._reach("read")
        with super().reading() as session:
            yield session

    def _reach(self, where: str) -> None:
        if self._points.history.database_away or self._points.strike(where, ("database refuses",)):
            raise refused("the server closed the connection unexpectedly")

    def clock(self, session: Session) -> datetime:
        """The database's clock is right."""
        return self._points.history.database_time()

    def clock_value(self, session: Session, seconds: float = 0.0) -> datetime:
        """The same, also where a server would say it."""
        return self.clock(session) + timedelta(seconds=seconds)

    def close(self) -> None:
        """The engine is everybody's."""


_STORE = ("store refuses", "store answered by an error", "disk full")


class SimulatedBlobs(Blobs):
    """The real store, on a disk that fails."""

    def __init__(self, root: Path, points: Points) -> None:
        super().__init__(root)
        self._points = points

    def put_bytes(self, data: bytes) -> str:
        with self._points.call("a write to the store", *_STORE):
            return super().put_bytes(data)

    def adopt(self, path: Path, sha256: str) -> None:
        with self._points.call("taking a file into the store", *_STORE):
            super().adopt(path, sha256)


class SimulatedUploads(Uploads):
    """The real uploads, on a disk that fails."""

    def __init__(self, root: Path, blobs: Blobs, points: Points) -> None:
        super().__init__(root, blobs)
        self._points = points

    def append(self, upload_id: str, offset: int, chunks: Iterable[bytes], length: int, limit: int) -> int:
        with self._points.call("a write of an upload", "disk full", "store answered by an error"):
            kept = super().append(upload_id, offset, chunks, length, limit)
        self._points.give_way()
        return kept


class SimulatedLogs(Logs):
    """The real logs, on a disk that fails."""

    def __init__(self, root: Path, points: Points) -> None:
        super().__init__(root)
        self._points = points

    def append(self, attempt_id: str, offset: int, data: bytes) -> int:
        with self._points.call("a write of a log", "disk full"):
            return super().append(attempt_id, offset, data)
