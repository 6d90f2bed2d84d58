"""The one row of the loop's leader, on every database."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from controller.storage import leadership, schema
from controller.storage.database import Database

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=20)


@pytest.fixture
def database(database_url: str):
    database = Database(database_url)
    schema.upgrade(database)
    yield database
    database.close()


def take(database: Database, holder: str, now: datetime) -> int | None:
    with database.writing() as session:
        return leadership.take(session, holder, now, 15)


def keep(database: Database, epoch: int, now: datetime) -> bool:
    with database.writing() as session:
        return leadership.keep(session, epoch, now, 15, now)


def holds(database: Database, epoch: int, now: datetime) -> bool:
    with database.writing() as session:
        return leadership.holds(session, epoch, now, lock=True)


def test_one_takes_the_lead_and_the_epoch_grows_at_each_takeover(database: Database) -> None:
    assert take(database, "a", NOW) == 1
    assert take(database, "b", NOW) is None
    assert take(database, "b", LATER) == 2


def test_a_lease_is_renewed_while_it_lasts_and_never_afterwards(database: Database) -> None:
    epoch = take(database, "a", NOW) or 0
    assert keep(database, epoch, NOW + timedelta(seconds=14))
    assert holds(database, epoch, LATER)
    assert not keep(database, epoch, LATER + timedelta(seconds=60))
    assert not holds(database, epoch, LATER + timedelta(seconds=60))


def test_who_is_taken_over_from_holds_and_renews_nothing_whatever_time_it_believes_in(database: Database) -> None:
    old = take(database, "a", NOW) or 0
    take(database, "b", LATER)
    assert not keep(database, old, NOW)
    assert not holds(database, old, NOW)
    with database.writing() as session:
        leadership.give_up(session, old, NOW)
    assert holds(database, old + 1, LATER)


def test_what_is_given_up_is_free_at_once(database: Database) -> None:
    epoch = take(database, "a", NOW) or 0
    with database.writing() as session:
        leadership.give_up(session, epoch, NOW)
    assert take(database, "b", NOW) == epoch + 1


def test_of_many_at_once_one_takes_the_lead(database: Database) -> None:
    start, taken = threading.Barrier(6), []

    def run(number: int) -> None:
        start.wait()
        taken.append(take(database, f"c{number}", NOW))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken, key=str) == [1, None, None, None, None, None]


def test_while_a_leader_commits_nobody_takes_over(database: Database) -> None:
    epoch = take(database, "a", NOW) or 0
    took: list[int | None] = []
    with database.writing() as session:
        assert leadership.holds(session, epoch, NOW, lock=True)
        other = threading.Thread(target=lambda: took.append(take(database, "b", LATER)))
        other.start()
        other.join(0.3)
        assert took == []
    other.join(30)
    assert took == [epoch + 1]


def test_the_database_tells_the_time_as_it_goes_on(database: Database) -> None:
    with database.reading() as session:
        first, second = database.clock(session), database.clock(session)
    assert first <= second
    assert first.tzinfo is UTC
