"""The claim, the fence and the count of open parents, on every database."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from controller.domain.jobs import AttemptState, JobState
from controller.storage import jobs, schema
from controller.storage.batches import BatchRow, ChangeRow
from controller.storage.database import Database, Session
from controller.storage.jobs import AttemptRow, JobEdge, JobRow

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def database(database_url: str):
    database = Database(database_url)
    schema.upgrade(database)
    with database.writing() as session:
        session.add(ChangeRow(key="push:t:c", kind="push", tree="t", commit="c", at=NOW))
        session.flush()
        session.add(BatchRow(change_id=1, state="running", title="t", created_at=NOW))
    yield database
    database.close()


def add_job(session: Session, name: str, **values) -> int:
    fields = {"state": "ready", "pool": "linux-64", "rank": 0} | values
    row = JobRow(
        batch_id=1, plan_key=name, kind="build", recipe=name, name=name, subdir="linux-64", wave=0, created_at=NOW,
        **fields,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def test_a_claim_takes_the_lowest_rank_first_then_the_oldest(database: Database) -> None:
    with database.writing() as session:
        for name, rank in (("late", 5), ("second", -3), ("third", -3), ("first", -9)):
            add_job(session, name, rank=rank)
    taken = []
    for _ in range(5):
        with database.writing() as session:
            job = jobs.claim(session, ["linux-64"], NOW)
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
            job = jobs.claim(session, ["linux-64", "linux-64.large"], NOW)
            taken.append(job.name if job else None)
    assert taken == ["a", "b", "c", None]


def test_a_claim_sees_only_its_own_pools_and_only_ready_jobs(database: Database) -> None:
    with database.writing() as session:
        add_job(session, "other", pool="win-64")
        add_job(session, "waits", state="waiting")
    with database.writing() as session:
        assert jobs.claim(session, ["linux-64"], NOW) is None
        assert jobs.claim(session, ["linux-64", "win-64"], NOW).name == "other"


def test_a_claimed_job_runs_and_counts_its_attempt(database: Database) -> None:
    with database.writing() as session:
        add_job(session, "one")
    with database.writing() as session:
        job = jobs.claim(session, ["linux-64"], NOW)
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
                job = jobs.claim(session, ["linux-64"], NOW)
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


def test_a_child_is_ready_when_its_last_parent_has_passed(database: Database) -> None:
    with database.writing() as session:
        left, right = add_job(session, "left", state="passed"), add_job(session, "right", state="passed")
        child = add_job(session, "child", state="waiting", open_parents=2)
        session.add_all([JobEdge(parent_id=left, child_id=child), JobEdge(parent_id=right, child_id=child)])
    with database.writing() as session:
        assert jobs.count_down(session, left, NOW) == []
        assert jobs.count_down(session, right, NOW) == [child]
        assert session.get(JobRow, child).state == "ready"


def add_attempt(session: Session, job: int) -> AttemptRow:
    row = AttemptRow(
        id=f"J-{job}.1", job_id=job, lease=1, worker="w", state="leased", token_sha256="x", leased_at=NOW,
        lease_until=NOW + timedelta(seconds=60),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def test_an_attempt_ends_once_and_a_second_end_changes_nothing(database: Database) -> None:
    with database.writing() as session:
        attempt = add_attempt(session, add_job(session, "one", state="running"))
        assert jobs.end_attempt(session, attempt, AttemptState.LOST, NOW)
        assert not jobs.end_attempt(session, attempt, AttemptState.PASSED, NOW)
        assert session.get(AttemptRow, attempt.id).state == "lost"


def test_a_lease_is_renewed_only_under_its_own_number_and_while_it_stands(database: Database) -> None:
    later = NOW + timedelta(seconds=120)
    with database.writing() as session:
        attempt = add_attempt(session, add_job(session, "one", state="running"))
        assert jobs.renew(session, attempt.id, 1, later, "build")
        assert not jobs.renew(session, attempt.id, 2, later, "build")
        jobs.end_attempt(session, attempt, AttemptState.LOST, NOW)
        assert not jobs.renew(session, attempt.id, 1, later, "build")


def test_only_leases_that_ran_out_are_lapsed(database: Database) -> None:
    with database.writing() as session:
        attempt = add_attempt(session, add_job(session, "one", state="running"))
        assert jobs.lapsed(session, NOW) == []
        assert jobs.lapsed(session, NOW + timedelta(seconds=61)) == [attempt.id]
        assert jobs.extend_all_leases(session, NOW + timedelta(seconds=200)) == 1
        assert jobs.lapsed(session, NOW + timedelta(seconds=61)) == []


def test_a_guarded_move_from_another_state_changes_nothing(database: Database) -> None:
    with database.writing() as session:
        job = add_job(session, "one", state="passed")
        assert not jobs.move_job(session, job, [JobState.RUNNING], JobState.FAILED)
        assert session.get(JobRow, job).state == "passed"


def test_whether_a_job_is_to_be_alone_is_asked_of_an_index(tmp_path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'plan.sqlite3'}")
    schema.upgrade(database)
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    with database.reading() as session:
        assert not jobs.has_alone(session)
        asked = next(said for said in statements if "alone" in said)
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", ("ready", "running", 1, 0)).all()
    database.close()
    assert "job_alone" in str(plan)
