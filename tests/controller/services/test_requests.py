"""What a person may ask: cancel stops what runs and publishes nothing; retry mends what one fault broke."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.channels import TESTING
from controller.domain.errors import IllegalMoveError, NotFoundError, StaleLeaseError
from controller.services import intake, leases, reconcile, requests, transfers
from controller.services.farm import Farm
from controller.storage import batches, channels, events, jobs
from controller.storage.batches import BatchRow
from controller.storage.database import Session
from controller.storage.jobs import JobRow
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.rows import asking, draw_batch, states
from tests.kit.simulated_worker import SimulatedWorker
from workers.contract.leases import Heartbeat
from workers.contract.reports import Outcome


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


@pytest.fixture
def worker(farm: Farm, tmp_path: Path) -> SimulatedWorker:
    """A worker before a batch of a library, what is built with it, and one apart."""
    tree = tmp_path / "tree"
    write_recipe(tree, "lib")
    write_recipe(tree, "user", host=("lib",))
    write_recipe(tree, "apart")
    commit(tree, "three begin")
    intake.push(farm, str(tree), None, who="ana")
    return SimulatedWorker(farm)


def batch(farm: Farm) -> BatchRow:
    with farm.reading() as session:
        return batches.find_batch(session, "B-1")


def moves(farm: Farm) -> int:
    """How often testing has moved."""
    with farm.reading() as session:
        return channels.current_of(session, TESTING)


def job_id(farm: Farm, kind: str, name: str) -> str:
    with farm.reading() as session:
        return next(row.public for row in jobs.jobs_of_batch(session, 1) if (row.kind, row.name) == (kind, name))


def work_on(farm: Farm, jobs_by_name: dict[str, int], **ends: Outcome) -> None:
    """Work on drawn jobs until nothing is left; those named end as said, the others pass."""
    names = {f"J-{number}": name for name, number in jobs_by_name.items()}
    worker = SimulatedWorker(farm)
    while claim := worker.claim():
        worker.report(claim, ends.get(names[claim.spec.job], Outcome.PASSED))


def test_a_cancelled_batch_stops_its_workers_and_publishes_nothing(farm: Farm, worker: SimulatedWorker) -> None:
    worker.step()
    worker.step()
    held = worker.claim()
    assert held is not None
    requests.cancel(farm, "B-1", who="eva", why="wrong branch")
    answer = leases.heartbeat(farm, held.attempt, held.token, Heartbeat(lease=held.lease))
    assert answer.stop
    assert answer.reason
    with pytest.raises(StaleLeaseError):
        transfers.append_upload(farm, held.attempt, held.token, "0" * 64, 0, 1, [b"x"])
    with pytest.raises(StaleLeaseError):
        worker.report(held, Outcome.PASSED)
    assert worker.finish() == []
    assert (batch(farm).state, moves(farm)) == ("cancelled", 0)
    with farm.reading() as session:
        assert not jobs.has_open_jobs(session, 1)


def test_a_cancelled_batch_is_final(farm: Farm, worker: SimulatedWorker) -> None:
    worker.fail = {("build", "lib")}
    worker.work()
    requests.cancel(farm, "B-1", who="eva")
    with pytest.raises(IllegalMoveError):
        requests.cancel(farm, "B-1", who="eva")
    with pytest.raises(IllegalMoveError):
        requests.retry(farm, job_id(farm, "build", "lib"), who="eva")
    reconcile.settle_finished(farm)
    assert (batch(farm).state, moves(farm)) == ("cancelled", 0)


def test_who_asked_and_why_is_kept(farm: Farm) -> None:
    draw_batch(farm, {"one": []})
    requests.cancel(farm, "B-1", who="eva", why="wrong branch")
    with farm.reading() as session:
        said = [row.data for row in events.events_after(session, 0) if row.kind == "batch.cancelled"]
    assert [(data["who"], data["why"]) for data in said] == [("eva", "wrong branch")]


def test_a_retried_job_frees_what_it_blocked_and_the_batch_can_pass(farm: Farm, worker: SimulatedWorker) -> None:
    worker.fail = {("build", "lib")}
    worker.finish()
    assert (batch(farm).state, moves(farm)) == ("partial", 1)
    worker.fail = set()
    requests.retry(farm, job_id(farm, "build", "lib"), who="ana")
    assert (batch(farm).state, batch(farm).settled_at) == ("running", None)
    assert worker.finish() == [("build", "lib"), ("test", "lib"), ("build", "user"), ("test", "user")]
    assert (batch(farm).state, batch(farm).stays, moves(farm)) == ("passed", [], 2)
    assert len(batch(farm).published) == 3
    with farm.reading() as session:
        assert channels.names_in(session, TESTING, 2) == set(batch(farm).published)


def test_a_retry_that_breaks_again_moves_no_channel(farm: Farm, worker: SimulatedWorker) -> None:
    worker.fail = {("build", "lib")}
    worker.finish()
    published = batch(farm).published
    requests.retry(farm, job_id(farm, "build", "lib"), who="ana")
    assert worker.finish() == [("build", "lib")]
    assert (batch(farm).state, batch(farm).published, moves(farm)) == ("partial", published, 1)


def test_a_failed_test_can_be_retried_on_the_same_file(farm: Farm, worker: SimulatedWorker) -> None:
    worker.fail = {("test", "user")}
    worker.finish()
    worker.fail = set()
    requests.retry(farm, job_id(farm, "test", "user"), who="ana")
    assert worker.finish() == [("test", "user")]
    assert batch(farm).state == "passed"


def test_a_build_that_has_built_is_not_repeated(farm: Farm, worker: SimulatedWorker) -> None:
    worker.fail = {("test", "lib")}
    worker.finish()
    with pytest.raises(IllegalMoveError, match="built"):
        requests.retry(farm, job_id(farm, "build", "lib"), who="ana")
    assert batch(farm).state == "partial"


def test_what_waits_for_two_broken_jobs_stays_blocked_until_both_are_mended(farm: Farm) -> None:
    drawn = draw_batch(farm, {"left": [], "right": [], "both": ["left", "right"], "last": ["both"]})
    work_on(farm, drawn, left=Outcome.FAILED, right=Outcome.UNSOLVABLE)
    requests.retry(farm, f"J-{drawn['left']}", who="ana")
    assert states(farm, drawn) == {"left": "ready", "right": "unsolvable", "both": "blocked", "last": "blocked"}
    work_on(farm, drawn)
    assert states(farm, drawn) == {"left": "passed", "right": "unsolvable", "both": "blocked", "last": "blocked"}
    requests.retry(farm, f"J-{drawn['right']}", who="ana")
    assert states(farm, drawn) == {"left": "passed", "right": "ready", "both": "waiting", "last": "waiting"}
    work_on(farm, drawn)
    assert set(states(farm, drawn).values()) == {"passed"}


def test_a_retried_job_frees_through_every_path_below_it(farm: Farm) -> None:
    graph = {"top": [], "a": ["top"], "b": ["a"], "c": ["top", "b"], "d": ["c", "a"]}
    drawn = draw_batch(farm, graph)
    work_on(farm, drawn, top=Outcome.FAILED)
    requests.retry(farm, f"J-{drawn['top']}", who="ana")
    assert states(farm, drawn) == dict.fromkeys(graph, "waiting") | {"top": "ready"}
    work_on(farm, drawn)
    assert set(states(farm, drawn).values()) == {"passed"}


def test_a_quarantined_job_starts_anew_when_it_is_retried(farm: Farm) -> None:
    drawn = draw_batch(farm, {"killer": []})
    worker = SimulatedWorker(farm)
    for _ in range(farm.rules.max_attempts):
        claim = worker.claim()
        assert claim is not None
        leases.lose(farm, claim.attempt, "the worker died")
    assert states(farm, drawn) == {"killer": "quarantined"}
    requests.retry(farm, f"J-{drawn['killer']}", who="ana")
    claim = worker.claim()
    assert claim is not None
    assert claim.lease == farm.rules.max_attempts + 1
    leases.lose(farm, claim.attempt, "the worker died")
    assert states(farm, drawn) == {"killer": "ready"}


def test_only_what_broke_can_be_retried(farm: Farm) -> None:
    drawn = draw_batch(farm, {"runs": [], "ready": [], "waits": ["runs", "ready"]})
    assert SimulatedWorker(farm).claim() is not None
    before = states(farm, drawn)
    assert before == {"runs": "running", "ready": "ready", "waits": "waiting"}
    for number in drawn.values():
        with pytest.raises(IllegalMoveError):
            requests.retry(farm, f"J-{number}", who="ana")
    assert states(farm, drawn) == before


def test_a_retry_of_what_a_broken_job_holds_back_names_that_one_and_changes_nothing(farm: Farm) -> None:
    drawn = draw_batch(farm, {"lib": [], "mid": ["lib"], "leaf": ["mid"]})
    work_on(farm, drawn, lib=Outcome.FAILED)
    with pytest.raises(IllegalMoveError, match=f"J-{drawn['leaf']} is held back by J-{drawn['lib']}"):
        requests.retry(farm, f"J-{drawn['leaf']}", who="eva")
    assert states(farm, drawn) == {"lib": "failed", "mid": "blocked", "leaf": "blocked"}


def test_what_is_not_there_is_said_so(farm: Farm) -> None:
    for ask in (lambda: requests.cancel(farm, "B-9", who="eva"), lambda: requests.retry(farm, "J-9", who="eva")):
        with pytest.raises(NotFoundError):
            ask()


def test_a_job_that_is_claimed_while_its_batch_is_cancelled_is_stopped(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading the jobs and moving them a worker may claim one."""
    if farm.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    draw_batch(farm, {"one": ()})
    read, claims = jobs.jobs_of_batch, []

    def read_and_claim(session: Session, number: int) -> list[JobRow]:
        rows = read(session, number)
        claims.append(leases.claim(farm, asking("w1")))
        return rows

    monkeypatch.setattr(jobs, "jobs_of_batch", read_and_claim)
    requests.cancel(farm, "B-1", who="eva")
    (claim,) = claims
    with farm.reading() as session:
        assert jobs.find_attempt(session, claim.attempt).state == "stopped"
    assert leases.heartbeat(farm, claim.attempt, claim.token, Heartbeat(lease=1)).stop
