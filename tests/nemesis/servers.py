"""The broker and the database, as processes that can be killed; or a database of our own on a server of others."""

import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from controller.gateways.broker import server_program
from tests.kit.live_farm import free_port, wait_until
from tests.nemesis.grounds import as_nobody_special
from tests.nemesis.parts import Part

_SHARED = "postgresql+psycopg://postgres@127.0.0.1:5432"
_PASSWORD = "bells-only"


@dataclass(slots=True)
class Broker:
    """A Valkey of our own that keeps nothing."""

    part: Part
    url: str

    def wipe(self) -> None:
        """``FLUSHALL``; a broker that is down is empty anyway."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2.0) as client:
                client.flushall()
        except redis.RedisError:
            return


def make_broker(root: Path, host: str) -> Broker:
    port, folder = free_port(), root / "broker"
    folder.mkdir()
    addresses = " ".join(dict.fromkeys((host, "127.0.0.1")))
    lines = (
        f"port {port}",
        f"bind {addresses}",
        f"requirepass {_PASSWORD}",
        f'dir "{folder}"',
        'save ""',
        "appendonly no",
    )
    (folder / "valkey.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    part = Part("broker", [str(server_program()), str(folder / "valkey.conf")], root / "broker.log")
    return Broker(part, f"redis://:{_PASSWORD}@{host}:{port}/0")


@dataclass(slots=True)
class Postgres:
    """A cluster of our own."""

    part: Part
    url: str

    def stop(self, manner: str) -> None:
        """``fast`` ends sessions in order, ``immediate`` without, ``killed`` is ``kill -9`` of all of it."""
        if manner == "killed":
            self.part.kill()
        else:
            self.part.end(signal.SIGINT if manner == "fast" else signal.SIGQUIT)

    def answers(self) -> bool:
        engine = create_engine(self.url, poolclass=NullPool, connect_args={"connect_timeout": 2})
        try:
            with engine.connect():
                return True
        except SQLAlchemyError:
            return False


def make_postgres(root: Path, programs: Path) -> Postgres:
    """A new cluster, not yet started."""
    folder, port, who = root / "postgres", free_port(), as_nobody_special()
    folder.mkdir()
    if who:
        subprocess.run(["chown", "-R", f"{who[1].partition('=')[2]}", str(folder)], check=True)
    command = [str(programs / "initdb"), "-D", str(folder / "cluster"), "-U", "farm", "-A", "trust", "-E", "UTF8"]
    subprocess.run([*who, *command], check=True, capture_output=True, cwd="/")
    serve = [str(programs / "postgres"), "-D", str(folder / "cluster"), "-p", str(port), "-k", str(folder)]
    part = Part("postgres", [*who, *serve], root / "postgres.log")
    return Postgres(part, f"postgresql+psycopg://farm@127.0.0.1:{port}/postgres")


@contextmanager
def shared_database() -> Iterator[str]:
    """A database of our own on the local server, dropped afterwards; its URL."""
    name = f"farm_nemesis_{uuid.uuid4().hex[:12]}"
    _administer(f"CREATE DATABASE {name}")
    try:
        yield f"{_SHARED}/{name}"
    finally:
        _administer(f"DROP DATABASE {name} WITH (FORCE)")


def end_sessions(url: str) -> None:
    """End every session of this database but the one that does it."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ))  # fmt: skip


def _administer(statement: str) -> None:
    engine = create_engine(f"{_SHARED}/postgres", poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))


def await_postgres(postgres: Postgres) -> None:
    """Raises AssertionError when it does not come up."""
    wait_until(postgres.answers, 30, "Postgres")
