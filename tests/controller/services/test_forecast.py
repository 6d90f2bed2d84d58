"""What a batch will take: measured by its own past tries, and asked of the farm as it is now."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.forecasts import Basis, Forecast
from controller.domain.jobs import JobKind
from controller.services import forecast, leases, requests, results, workers
from controller.services.answers.batches import batch_summary
from controller.services.farm import Farm, Rules
from controller.services.intake import preview, push
from controller.storage import batches, durations, events, jobs, open_jobs
from controller.storage.jobs import JobRow
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.rows import MACHINE, asking, draw_batch
from tests.kit.simulated_worker import SimulatedWorker
from workers.contract.leases import WorkerState
from workers.contract.reports import Outcome, Report
from workers.contract.version import PROTOCOL


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


def forward(farm: Farm, seconds: float) -> None:
    farm.now.forward(seconds)  # type: ignore[attr-defined]


def do(farm: Farm, seconds: float, outcome: Outcome = Outcome.PASSED, worker: str = "w1") -> str:
    """One job, which takes so long."""
    claim = leases.claim(farm, asking(worker))
    assert claim is not None
    forward(farm, seconds)
    results.report(farm, claim.attempt, claim.token, Report(lease=claim.lease, outcome=outcome))
    return claim.spec.job


def measured(farm: Farm, *recipes: str) -> dict[str, tuple[int, float]]:
    """Package to how often it was measured, and the last time."""
    with farm.reading() as session:
        return {work[2]: (m.tries, m.last) for work, m in durations.history(session, recipes).own.items()}


def remember(farm: Farm, **seconds: float) -> None:
    """Builds of these recipes took so long, again and again."""
    for name, some in seconds.items():
        for _ in range(8):
            with farm.transaction() as session:
                durations.learn(session, ("build", name, name, "linux-64"), some, farm.now())


def left(farm: Farm, batch: str = "B-1") -> Forecast:
    with farm.reading() as session:
        return forecast.of_batch(farm, session, batches.number_of(batch))


def test_a_passed_try_is_measured_from_its_lease_to_its_report(farm: Farm) -> None:
    draw_batch(farm, {"a": ()})
    do(farm, 90.0)
    assert measured(farm, "a") == {"a": (1, 90.0)}


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.INFRASTRUCTURE, Outcome.TIMEOUT, Outcome.UNSOLVABLE])
def test_a_try_that_did_not_pass_tells_nothing_of_how_long_one_takes(farm: Farm, outcome: Outcome) -> None:
    draw_batch(farm, {"a": ()})
    do(farm, 90.0, outcome)
    assert measured(farm, "a") == {}


def test_the_same_report_again_is_measured_once(farm: Farm) -> None:
    draw_batch(farm, {"a": ()})
    claim = leases.claim(farm, asking())
    assert claim is not None
    said = Report(lease=claim.lease, outcome=Outcome.PASSED)
    for _ in range(2):
        results.report(farm, claim.attempt, claim.token, said)
    assert measured(farm, "a")["a"][0] == 1


def test_what_is_left_of_a_batch_goes_by_its_past_and_shrinks_as_it_is_done(farm: Farm) -> None:
    remember(farm, a=100.0, b=50.0)
    draw_batch(farm, {"a": (), "b": ("a",)})
    before = left(farm)
    assert before.basis == {Basis.OWN: 2}
    assert 140 < before.ends.middle < 170
    assert [step.name for step in before.critical] == ["a", "b"]
    do(farm, 100.0)
    assert 45 < left(farm).ends.middle < 60
    do(farm, 50.0)
    assert left(farm) == Forecast()


def _newest(farm: Farm, numbers: dict[str, int]) -> int:
    with farm.reading() as session:
        row = session.get(JobRow, next(iter(numbers.values())))
        assert row is not None
        return row.batch_id


def test_what_runs_has_only_its_rest_to_go(farm: Farm) -> None:
    remember(farm, a=100.0)
    draw_batch(farm, {"a": ()})
    leases.claim(farm, asking())
    forward(farm, 60.0)
    assert 35 < left(farm).ends.middle < 50


def test_a_broken_job_and_what_waits_for_it_are_no_part_of_it(farm: Farm) -> None:
    draw_batch(farm, {"a": (), "b": ("a",), "c": ()})
    do(farm, 1.0, Outcome.FAILED)
    assert left(farm).jobs == {JobKind.BUILD: 1}


def test_workers_that_drain_are_not_counted_on(farm: Farm) -> None:
    draw_batch(farm, {"a": ()})
    for name, state in (("w1", "idle"), ("w2", "busy"), ("w3", "draining")):
        said = WorkerState(
            worker=name, pools=("linux-64",), machine=MACHINE, state=state, version="1", protocol=PROTOCOL
        )
        workers.note_state(farm, said)
    assert left(farm).workers == {"linux-64": 2}


def test_a_pool_without_a_worker_is_told(farm: Farm) -> None:
    draw_batch(farm, {"a": ()})
    assert left(farm).assumed == ("linux-64",)


def test_other_batches_in_the_same_pool_are_waited_for_by_their_rank(farm: Farm) -> None:
    draw_batch(farm, {"a": (), "b": ()})
    mine = f"B-{_newest(farm, draw_batch(farm, {'c': ()}))}"
    found = left(farm, mine)
    assert [(c.batch, c.jobs, c.before) for c in found.competing] == [("B-1", 2, 2)]
    _rank(farm, mine, -1000)
    assert [(c.batch, c.jobs, c.before) for c in left(farm, mine).competing] == [("B-1", 2, 0)]


def _rank(farm: Farm, batch: str, rank: int) -> None:
    with farm.transaction() as session:
        for row in jobs.jobs_of_batch(session, batches.number_of(batch)):
            row.rank = rank
            session.add(row)


def test_a_held_batch_competes_with_nobody(farm: Farm) -> None:
    draw_batch(farm, {"a": (), "b": ()})
    with farm.transaction() as session:
        batches.find_batch(session, "B-1").state = "held"
    mine = f"B-{_newest(farm, draw_batch(farm, {'c': ()}))}"
    assert left(farm, mine).competing == ()


def test_many_more_jobs_than_are_looked_at_one_by_one_are_counted_all_the_same(farm: Farm) -> None:
    draw_batch(farm, {f"a{number}": () for number in range(30)})
    with farm.reading() as session:
        named, rest = open_jobs.elsewhere(session, ["linux-64"], None, 10)
        assert (len(named), [(some.batch_id, some.pool, some.jobs) for some in rest]) == (10, [(1, "linux-64", 20)])
        everything, nothing = open_jobs.elsewhere(session, ["linux-64", "win-64"], None, 30 + 1)
        assert (len(everything), nothing) == (30, [])
        assert open_jobs.elsewhere(session, ["linux-64"], 1, 10) == ([], [])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    write_recipe(tree, "low", exports=("low >=1",))
    write_recipe(tree, "high", host=("low",))
    commit(tree, "begin")
    return tree


def test_a_plan_has_a_forecast_before_anything_is_opened(farm: Farm, tree: Path) -> None:
    found = forecast.of_plan(farm, preview(farm, str(tree), None))
    assert found.jobs == {JobKind.BUILD: 2, JobKind.TEST: 2}
    assert found.basis == {Basis.NOTHING: 4}
    assert found.ends.lower < found.ends.middle < found.ends.upper


def test_a_batch_keeps_what_was_expected_when_it_was_opened(farm: Farm, tree: Path) -> None:
    opened = push(farm, str(tree), None, who="ana")
    with farm.reading() as session:
        first = batches.find_batch(session, opened.batch).plan["expected"]
    assert 0 < first["lower"] < first["middle"] < first["upper"]
    assert left(farm, opened.batch).ends.middle == pytest.approx(first["middle"])


def test_measured_time_decides_who_starts_first(farm: Farm, tmp_path: Path) -> None:
    """Two recipes alike; the one that took long goes first the next time."""
    tree = tmp_path / "tree"
    for word in ("one", "two"):
        for name in ("quick", "slow"):
            write_recipe(tree, name, script=(f"echo {word}",))
        commit(tree, word)
        push(farm, str(tree), None, who="ana")
        if word == "one":
            worker = SimulatedWorker(farm)
            while (claim := worker.claim()) is not None:
                forward(farm, 50.0 if claim.spec.order.kind == "build" and "slow" in str(claim.spec.order) else 1.0)
                worker.do(claim)
            worker.finish()
    assert SimulatedWorker(farm).work()[0] == ("build", "slow")


def opened_with(farm: Farm, tree: Path, recipes: int, word: str) -> tuple[str, dict[str, object]]:
    """Push a change of so many recipes, do it all, and tell the batch's first state and why it was held."""
    for number in range(recipes):
        write_recipe(tree, f"r{number}", script=(f"echo {word}",))
    commit(tree, word)
    opened = push(farm, str(tree), None, who="ana")
    SimulatedWorker(farm).finish()
    with farm.reading() as session:
        return opened.state, batches.find_batch(session, opened.batch).plan.get("held", {})


def test_a_plan_far_larger_than_the_trees_last_ones_is_held_and_says_so(tmp_path: Path) -> None:
    rules = Rules(subdirs=("linux-64",), noarch_pool="linux-64", circuit_breaker_times=3.0)
    farm = make_farm(tmp_path / "farm", rules=rules)
    tree = tmp_path / "tree"
    for word in "abcde":
        assert opened_with(farm, tree, 1, word) == ("running", {})
    state, held = opened_with(farm, tree, 51, "large")
    assert (state, held) == ("held", {"jobs": 102, "most": 100, "usual": 2, "batches": 5})
    assert batch_summary(farm, "B-6").verdict == (
        "Held: 102 jobs, where nine in ten of the last 5 batches of this tree had no more than 2; "
        "above 100 a person must release it."
    )
    requests.release(farm, "B-6", who="eva", why="it is a new compiler")
    with farm.reading() as session:
        told = [event.data for event in events.events_after(session, 0, 10_000) if event.kind == "batch.released"]
    assert told == [{"who": "eva", "why": "it is a new compiler"}]
    SimulatedWorker(farm).finish()
    with farm.reading() as session:
        assert batches.find_batch(session, "B-6").state == "passed"
    farm.close()


def test_a_batch_over_the_limit_is_held_whatever_is_usual(tmp_path: Path) -> None:
    farm = make_farm(tmp_path / "farm", rules=Rules(subdirs=("linux-64",), noarch_pool="x", circuit_breaker_jobs=3))
    assert opened_with(farm, tmp_path / "tree", 2, "a") == (
        "held", {"jobs": 4, "most": 3, "usual": 0, "batches": 0},
    )  # fmt: skip
    assert batch_summary(farm, "B-1").verdict == "Held: 4 jobs, and more than 3 go only when a person releases them."
    farm.close()


def test_of_many_jobs_a_page_shows_what_was_found_some_seconds_ago(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "_MANY_JOBS", 2)
    draw_batch(farm, {"a": (), "b": (), "c": (), "d": ()})

    def lately() -> int:
        with farm.reading() as session:
            return forecast.lately_of_batch(farm, session, 1).jobs[JobKind.BUILD]

    assert lately() == 4
    do(farm, 1.0)
    assert (lately(), left(farm).jobs[JobKind.BUILD]) == (4, 3)
    forward(farm, 15.0)
    assert lately() == 3
    do(farm, 1.0)
    forward(farm, 15.0)
    assert lately() == 2
    do(farm, 1.0)
    assert lately() == 1, "of few jobs it is that of now"
