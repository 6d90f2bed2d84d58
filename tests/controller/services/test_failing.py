"""A failed try, on real databases: the job goes back as its class wants it, and its tries tell why."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.services import intake, leases, reconcile, requests
from controller.services.farm import Farm
from controller.storage import jobs
from controller.storage.jobs import AttemptRow, JobRow
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.rows import MACHINE, draw_batch
from tests.kit.simulated_worker import SimulatedWorker
from workers.contract.leases import Claim, ClaimRequest
from workers.contract.reports import Outcome

SMALL, LARGE = "linux-64", "linux-64.large"


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


def ask(farm: Farm, worker: str, pool: str = SMALL, host: str = "", memory: int = 2**33) -> Claim | None:
    machine = MACHINE.model_copy(update={"host": host or worker, "memory_bytes": memory})
    return leases.claim(farm, ClaimRequest(worker=worker, pools=(pool,), machine=machine))


def taken(farm: Farm, worker: str, pool: str = SMALL, host: str = "") -> Claim:
    claim = ask(farm, worker, pool, host)
    assert claim is not None
    return claim


def fail(farm: Farm, claim: Claim, outcome: Outcome = Outcome.FAILED, line: str = "") -> None:
    worker = SimulatedWorker(farm)
    if line:
        worker.write(claim, line)
    worker.report(claim, outcome)


def job_of(farm: Farm, number: int) -> JobRow:
    with farm.reading() as session:
        return jobs.jobs_by_ids(session, [number])[0]


def tries(farm: Farm, number: int) -> list[tuple[str, str, str]]:
    with farm.reading() as session:
        rows: list[AttemptRow] = jobs.attempts_of(session, number)
        return [(row.worker, row.failure, row.act) for row in rows]


def test_a_lost_job_goes_to_another_worker_and_not_back(farm: Farm) -> None:
    (number,) = draw_batch(farm, {"one": ()}).values()
    assert ask(farm, "w2", LARGE) is None  # serves another pool: not the one who takes over
    claim = taken(farm, "w1")
    assert ask(farm, "w3") is None
    fail(farm, claim, Outcome.INFRASTRUCTURE)
    assert (job_of(farm, number).state, job_of(farm, number).avoid) == ("ready", "w1")
    assert ask(farm, "w1") is None
    assert taken(farm, "w3").lease == 2
    assert tries(farm, number) == [("w1", "infrastructure", "elsewhere"), ("w3", "", "")]


def test_where_nobody_else_serves_the_pool_the_same_worker_has_it_again(farm: Farm) -> None:
    (number,) = draw_batch(farm, {"one": ()}).values()
    fail(farm, taken(farm, "w1"), Outcome.INFRASTRUCTURE)
    assert job_of(farm, number).avoid == ""
    assert ask(farm, "w1") is not None


def test_a_wish_is_given_up_after_a_while(farm: Farm) -> None:
    draw_batch(farm, {"one": ()})
    claim = taken(farm, "w1")
    ask(farm, "w2")
    fail(farm, claim, Outcome.INFRASTRUCTURE)
    assert ask(farm, "w1") is None
    farm.now.forward(farm.rules.wish_seconds + 1)  # type: ignore[attr-defined]
    assert ask(farm, "w1") is not None


def test_out_of_memory_goes_to_the_larger_pool(farm: Farm) -> None:
    (number,) = draw_batch(farm, {"one": ()}).values()
    assert ask(farm, "big", LARGE, memory=2**36) is None
    fail(farm, taken(farm, "w1"), line="g++: fatal error: Killed signal terminated program cc1plus")
    assert (job_of(farm, number).state, job_of(farm, number).pool) == ("ready", LARGE)
    assert ask(farm, "w1") is None
    assert ask(farm, "big", LARGE, memory=2**36) is not None
    assert tries(farm, number)[0] == ("w1", "memory", "larger")


def test_out_of_memory_without_a_larger_pool_goes_to_a_worker_with_more(farm: Farm) -> None:
    (number,) = draw_batch(farm, {"one": ()}).values()
    claim = ask(farm, "w1", memory=2**33)
    assert claim is not None
    for name, memory in (("w2", 2**33), ("w3", 2**35), ("w4", 2**37)):
        assert ask(farm, name, memory=memory) is None
    fail(farm, claim, line="g++: fatal error: Killed signal terminated program cc1plus")
    assert tries(farm, number)[0] == ("w1", "memory", "larger")
    assert ask(farm, "w2", memory=2**33) is None
    assert ask(farm, "w3", memory=2**35) is not None


def test_a_timeout_is_repeated_once_with_longer_limits(farm: Farm) -> None:
    (number,) = draw_batch(farm, {"one": ()}).values()
    first = taken(farm, "w1")
    fail(farm, first, Outcome.TIMEOUT)
    again = taken(farm, "w1")
    assert again.spec.limits.total_seconds == 2 * first.spec.limits.total_seconds
    assert again.spec.limits.silence_seconds == 2 * first.spec.limits.silence_seconds
    fail(farm, again, Outcome.TIMEOUT)
    assert (job_of(farm, number).state, job_of(farm, number).failure) == ("failed", "timeout")


def test_a_try_with_longer_limits_is_not_thought_to_hang_too_soon(farm: Farm) -> None:
    (number,) = draw_batch(farm, {"one": ()}).values()
    fail(farm, taken(farm, "w1"), Outcome.TIMEOUT)
    taken(farm, "w1")
    farm.now.forward(2 * farm.rules.build.total_seconds + 1)  # type: ignore[attr-defined]
    reconcile.lose_overdue(farm)
    assert job_of(farm, number).state == "running"
    farm.now.forward(2 * farm.rules.build.total_seconds)  # type: ignore[attr-defined]
    reconcile.lose_overdue(farm)
    assert job_of(farm, number).state == "ready"


def test_what_does_not_compile_is_not_repeated(farm: Farm) -> None:
    (number,) = draw_batch(farm, {"one": ()}).values()
    fail(farm, taken(farm, "w1"), line="one.c:3:1: error: expected ';'")
    assert (job_of(farm, number).state, tries(farm, number)) == ("failed", [("w1", "compile", "nothing")])


def test_a_repeated_job_is_alone_on_its_machine(farm: Farm) -> None:
    (number, _other) = draw_batch(farm, {"one": (), "two": ()}).values()
    claim = taken(farm, "w1", host="h1")
    assert claim.spec.job == f"J-{number}"
    busy = taken(farm, "w2", host="h1")
    fail(farm, claim, line="std::bad_alloc")
    assert tries(farm, number)[0] == ("w1", "memory", "alone")
    assert ask(farm, "w1", host="h1") is None  # w2 works there
    fail(farm, busy, line="two.c: error: no")
    draw_batch(farm, {"three": (), "four": (), "five": ()})
    alone = taken(farm, "w1", host="h1")
    assert alone.spec.job == f"J-{number}"
    assert ask(farm, "w2", host="h1") is None  # w1 is to be alone
    assert taken(farm, "w3", host="h2").spec.job != alone.spec.job
    fail(farm, alone, line="std::bad_alloc")
    assert job_of(farm, number).state == "failed"
    assert ask(farm, "w2", host="h1") is not None


def test_a_test_that_passes_alone_lets_the_batch_pass(farm: Farm, tmp_path: Path) -> None:
    write_recipe(tmp_path / "tree", "one")
    commit(tmp_path / "tree", "one")
    intake.push(farm, str(tmp_path / "tree"), None, who="ana")
    worker = SimulatedWorker(farm, flaky={("test", "one")})
    assert worker.finish() == [("build", "one"), ("test", "one"), ("test", "one")]
    with farm.reading() as session:
        test = next(job for job in jobs.jobs_of_batch(session, 1) if job.kind == "test")
    assert (test.state, test.failure, test.failing) == ("passed", "", [])
    assert tries(farm, test.id or 0) == [("w1", "test", "alone"), ("w1", "", "")]


def test_a_persons_retry_counts_afresh(farm: Farm) -> None:
    farm.rules = replace(farm.rules, max_attempts=2)
    (number,) = draw_batch(farm, {"one": ()}).values()
    for _ in range(2):
        fail(farm, taken(farm, "w1"), Outcome.INFRASTRUCTURE)
    assert job_of(farm, number).state == "quarantined"
    requests.retry(farm, f"J-{number}", who="ana")
    fail(farm, taken(farm, "w1"), Outcome.INFRASTRUCTURE)
    assert (job_of(farm, number).state, job_of(farm, number).losses) == ("ready", 1)
