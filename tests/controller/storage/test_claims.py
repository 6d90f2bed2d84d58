"""The claim, on every database."""

import threading

import pytest

from controller.storage import claims
from controller.storage.claims import Wishes
from controller.storage.database import Database
from tests.kit.rows import NOW, add_job


@pytest.fixture
def database(one_batch: Database) -> Database:
    return one_batch


def test_a_claim_takes_the_lowest_rank_first_then_the_oldest(database: Database) -> None:
    with database.writing() as session:
        for name, rank in (("late", 5), ("second", -3), ("third", -3), ("first", -9)):
            add_job(session, name, rank=rank)
    taken = []
    for _ in range(5):
        with database.writing() as session:
            job = claims.claim(session, ["linux-64"], NOW)
            taken.append(job.name if job else None)
    assert taken == ["first", "second", "third", "late", None]


def test_a_claim_from_several_pools_takes_the_lowest_rank_of_all(database: Database) -> None:
    with database.writing() as session:
        for name, pool, rank in (("c", "linux-64", 3), ("a", "linux-64.large", 1), ("b", "linux-64", 2)):
            add_job(session, name, pool=pool, rank=rank)
        add_job(session, "elsewhere", pool="win-64", rank=0)
    taken = []
    for _ in range(4):
        with database.writing() as session:
            job = claims.claim(session, ["linux-64", "linux-64.large"], NOW)
            taken.append(job.name if job else None)
    assert taken == ["a", "b", "c", None]


def test_a_claim_sees_only_its_own_pools_and_only_ready_jobs(database: Database) -> None:
    with database.writing() as session:
        add_job(session, "other", pool="win-64")
        add_job(session, "waits", state="waiting")
    with database.writing() as session:
        assert claims.claim(session, ["linux-64"], NOW) is None
        assert claims.claim(session, ["linux-64", "win-64"], NOW).name == "other"


def test_a_claimed_job_runs_and_counts_its_attempt(database: Database) -> None:
    with database.writing() as session:
        add_job(session, "one")
    with database.writing() as session:
        job = claims.claim(session, ["linux-64"], NOW)
    assert (job.state, job.attempts, job.started_at) == ("running", 1, NOW)


def test_many_claims_at_once_never_take_a_job_twice(database: Database) -> None:
    with database.writing() as session:
        for number in range(60):
            add_job(session, f"j{number}")
    taken: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        while True:
            with database.writing() as session:
                job = claims.claim(session, ["linux-64"], NOW)
            if job is None:
                return
            with lock:
                taken.append(job.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 60


def test_a_paused_recipe_is_passed_over_in_whichever_tree_it_lies(database: Database) -> None:
    with database.writing() as session:
        for name, recipe in (("a", "numpy"), ("b", "other:numpy"), ("c", "my-numpy"), ("d", "numpy_x")):
            add_job(session, name, recipe=recipe)
    wishes, taken = Wishes(paused=frozenset({"numpy"})), []
    for _ in range(3):
        with database.writing() as session:
            job = claims.claim(session, ["linux-64"], NOW, wishes)
            taken.append(job.name if job else None)
    assert taken == ["c", "d", None]
