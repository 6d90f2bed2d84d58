"""Connections that their server ended are replaced before anybody notices."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from controller.storage import database as storage
from controller.storage.database import Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    if found.is_sqlite:
        pytest.skip("there is no server that could end a connection")
    yield found
    found.close()


def number_of(database: Database) -> int:
    with database.reading() as session:
        return int(session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one())


def end(database: Database, number: int) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
        if other.execute(text("SELECT pg_backend_pid()")).scalar_one() == number:
            with database.engine.connect() as second:
                second.execute(text("SELECT pg_terminate_backend(:n)"), {"n": number})
        else:
            other.execute(text("SELECT pg_terminate_backend(:n)"), {"n": number})


def test_a_connection_that_rested_is_asked_whether_its_server_is_there(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_FRESH_SECONDS", -1.0)
    first = number_of(database)
    end(database, first)
    assert number_of(database) != first


def test_a_connection_that_was_used_a_moment_ago_is_used_again_unasked(database: Database) -> None:
    assert number_of(database) == number_of(database)
