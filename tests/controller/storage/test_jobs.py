"""The fence and the count of open parents, on every database."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from controller.domain.jobs import AttemptState, JobState
from controller.storage import jobs, schema
from controller.storage.database import Database, Session
from controller.storage.jobs import AttemptRow, JobEdge, JobRow
from tests.kit.rows import NOW, add_job


@pytest.fixture
def database(one_batch: Database) -> Database:
    return one_batch


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
        assert jobs.renew_all(session, NOW + timedelta(seconds=200)) == 1
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
