"""How long jobs took is kept as logarithms, renewed by each passed try, also by two at once."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import fmean, pvariance
from threading import Barrier

import pytest

from controller.storage import durations, schema
from controller.storage.database import Database
from tests.kit.farms import START

WORK = ("build", "libs/a", "a", "linux-64")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    schema.upgrade(database)
    yield database
    database.close()


def learn(database: Database, *seconds: float, work: tuple[str, str, str, str] = WORK) -> None:
    for some in seconds:
        with database.writing() as session:
            durations.learn(session, work, some, START)


def known(database: Database, *recipes: str) -> dict[tuple[str, str, str, str], tuple[int, float, float, float]]:
    with database.reading() as session:
        found = durations.history(session, recipes)
    return {work: (m.tries, m.mean_log, m.variance, m.last) for work, m in found.own.items()}


def test_the_first_tries_count_alike(database: Database) -> None:
    seconds = (10.0, 40.0, 20.0)
    learn(database, *seconds)
    logs = [math.log(some) for some in seconds]
    assert known(database, "libs/a") == {
        WORK: (3, pytest.approx(fmean(logs)), pytest.approx(pvariance(logs)), 20.0),
    }  # fmt: skip


def test_what_was_long_ago_fades(database: Database) -> None:
    learn(database, *[10.0] * 10, *[1000.0] * 15)
    count, mean, _, last = known(database, "libs/a")[WORK]
    assert (count, last) == (25, 1000.0)
    assert math.exp(mean) > 800


def test_a_kind_of_job_is_known_by_all_of_it(database: Database) -> None:
    learn(database, 10.0)
    learn(database, 1000.0, work=("build", "libs/b", "b", "win-64"))
    learn(database, 3.0, work=("test", "libs/b", "b", "win-64"))
    with database.reading() as session:
        kinds = durations.history(session, []).kinds
    assert {kind: (m.tries, round(math.exp(m.mean_log))) for kind, m in kinds.items()} == {
        "build": (2, 100), "test": (1, 3),
    }  # fmt: skip


def test_only_the_recipes_asked_for_are_told_of(database: Database) -> None:
    learn(database, 10.0)
    learn(database, 10.0, work=("build", "libs/b", "b", "win-64"))
    assert set(known(database, "libs/b", "libs/c")) == {("build", "libs/b", "b", "win-64")}


def test_more_recipes_than_one_statement_takes_can_be_asked_for(database: Database) -> None:
    learn(database, 10.0)
    assert set(known(database, *(f"r{number}" for number in range(1000)), "libs/a")) == {WORK}


def test_a_try_that_took_no_time_is_kept_all_the_same(database: Database) -> None:
    learn(database, 0.0)
    assert known(database, "libs/a")[WORK][0] == 1


def test_two_first_tries_at_once_both_count(database: Database) -> None:
    together = Barrier(2)

    def one(seconds: float) -> None:
        together.wait(10)
        learn(database, seconds)

    with ThreadPoolExecutor(2) as both:
        list(both.map(one, (10.0, 20.0)))
    assert known(database, "libs/a")[WORK][0] == 2


def test_the_memory_of_late_is_kept_and_fades_when_less_is_needed(database: Database) -> None:
    learn(database, 10.0)

    def use(number: int) -> int:
        with database.writing() as session:
            durations.learn_memory(session, WORK, number)
            return durations.memory(session, [WORK[1]])[WORK]

    assert [use(8_000_000_000), use(9_000_000_000), use(1_000_000_000)] == [8_000_000_000, 9_000_000_000, 8_100_000_000]
    with database.reading() as session:
        assert durations.memory(session, ["other"]) == {}
