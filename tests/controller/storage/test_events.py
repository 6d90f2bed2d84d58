"""The outbox: whoever goes on after the last fact it saw misses none."""

from collections.abc import Iterator

import pytest

from controller.storage import events, schema
from controller.storage.database import Database
from tests.kit.farms import START


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    schema.upgrade(database)
    yield database
    database.close()


def seen(database: Database, after: int) -> list[tuple[int, str]]:
    with database.reading() as session:
        return [(row.id or 0, row.kind) for row in events.events_after(session, after)]


def test_facts_are_numbered_in_the_order_in_which_their_transactions_commit(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    with database.writing() as slow:
        events.note(slow, START, "slow")
        slow.flush()
        with database.writing() as quick:
            events.note(quick, START, "quick")
        ((last, kind),) = seen(database, 0)
        assert kind == "quick"
    assert [kind for _, kind in seen(database, last)] == ["slow"]


def test_facts_of_one_transaction_keep_their_order_and_go_with_it(database: Database) -> None:
    with database.writing() as session:
        events.note(session, START, "one")
        events.note(session, START, "two")
    with database.writing() as session:
        events.note(session, START, "three")
        session.rollback()
    assert [kind for _, kind in seen(database, 0)] == ["one", "two"]
