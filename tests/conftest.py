"""What every test may ask for: a database of each kind that is at hand, and a Farm on it."""

import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, make_url, text

# A change must not fail by the luck of the draw: examples are the same each time. `make explore` draws new ones, and
# what it finds becomes a test of its own.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", print_blob=True, deadline=None)
settings.load_profile("explore" if os.environ.get("FARM_TEST_EXPLORE") else "steady")

_LOCAL = "postgresql+psycopg://postgres@127.0.0.1:5432/test"


def _postgres() -> str | None:
    """The Postgres to test on: ``FARM_TEST_DATABASE_URL``, or a local server that answers."""
    named = os.environ.get("FARM_TEST_DATABASE_URL")
    if named:
        return named
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return _LOCAL if probe.connect_ex(("127.0.0.1", 5432)) == 0 else None


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database of each kind; a schema of its own on Postgres, dropped afterwards."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.sqlite3'}"
        return
    url = _postgres()
    if url is None:
        pytest.skip("no Postgres: set FARM_TEST_DATABASE_URL or start a local server")
    yield from _own_schema(url)


def _own_schema(url: str) -> Iterator[str]:
    schema = f"farm_{uuid.uuid4().hex[:12]}"
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    own = make_url(url).set(drivername="postgresql+psycopg").update_query_dict({"options": f"-csearch_path={schema}"})
    try:
        yield own.render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        engine.dispose()
