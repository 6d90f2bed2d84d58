"""What is paused starts nothing; what runs goes on; and it ends by a person or by its time."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from controller.domain.errors import BusyError, IllegalMoveError, InvalidInputError, NotFoundError
from controller.domain.pauses import PauseKind
from controller.services import leases, pausing, reconcile, requests
from controller.services.answers import batches as answers
from controller.services.answers import jobs as job_answers
from controller.services.farm import Farm
from controller.storage import jobs, pauses
from tests.kit.farms import CountedBells, StoppedClock, make_farm
from tests.kit.rows import asking, draw_batch
from tests.kit.simulated_worker import SimulatedWorker
from workers.contract.reports import Outcome

BATCH, RECIPE, POOL = PauseKind


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


def forward(farm: Farm, seconds: float) -> None:
    assert isinstance(farm.now, StoppedClock)
    farm.now.forward(seconds)


def states(farm: Farm, batch: int = 1) -> dict[str, str]:
    with farm.reading() as session:
        return {row.name: row.state for row in jobs.jobs_of_batch(session, batch)}


def test_nothing_of_a_paused_batch_starts_and_what_runs_goes_on(farm: Farm) -> None:
    draw_batch(farm, {"low": (), "beside": (), "user": ("low",)})
    worker = SimulatedWorker(farm)
    running = leases.claim(farm, asking("w1"))
    assert running is not None
    pausing.pause(farm, BATCH, "B-1", who="eva", why="the mirror is down")
    assert leases.claim(farm, asking("w2")) is None
    worker.report(running, Outcome.PASSED)
    assert set(states(farm).values()) <= {"waiting", "passed"}
    assert leases.claim(farm, asking("w1")) is None
    pausing.resume(farm, BATCH, "B-1", who="bob")
    assert leases.claim(farm, asking("w1")) is not None


def test_a_job_that_is_lost_in_a_paused_batch_waits_with_the_others(farm: Farm) -> None:
    draw_batch(farm, {"one": ()})
    claim = leases.claim(farm, asking("w1"))
    assert claim is not None
    pausing.pause(farm, BATCH, "B-1", who="eva")
    leases.lose(farm, claim.attempt, "the worker went silent")
    assert states(farm) == {"one": "waiting"}
    pausing.resume(farm, BATCH, "B-1", who="eva")
    assert states(farm) == {"one": "ready"}


def test_a_paused_batch_gets_no_verdict(farm: Farm) -> None:
    draw_batch(farm, {"one": ()})
    claim = leases.claim(farm, asking("w1"))
    assert claim is not None
    pausing.pause(farm, BATCH, "B-1", who="eva")
    SimulatedWorker(farm).report(claim, Outcome.FAILED)
    reconcile.settle_finished(farm)
    assert answers.batch_summary(farm, "B-1").state == "held"
    pausing.resume(farm, BATCH, "B-1", who="eva")
    reconcile.settle_finished(farm)
    assert answers.batch_summary(farm, "B-1").state == "failed"


def test_nothing_of_a_paused_recipe_starts_in_any_batch_and_the_rest_does(farm: Farm) -> None:
    draw_batch(farm, {"bad": (), "good": ()})
    draw_batch(farm, {"bad": ()})
    pausing.pause(farm, RECIPE, "bad", who="eva")
    claim = leases.claim(farm, asking("w1"))
    assert claim is not None
    assert claim.spec.order.recipe == "good"
    assert leases.claim(farm, asking("w2")) is None


def test_long_waiting_does_not_overcome_a_pause(farm: Farm) -> None:
    draw_batch(farm, {"bad": ()})
    pausing.pause(farm, RECIPE, "bad", who="eva")
    forward(farm, 10 * farm.rules.wish_seconds)
    assert leases.claim(farm, asking("w1")) is None


def test_nothing_starts_in_a_paused_pool_and_the_worker_is_seen(farm: Farm) -> None:
    draw_batch(farm, {"one": ()})
    pool = asking("w1").pools[0]
    pausing.pause(farm, POOL, pool, who="eva")
    assert leases.claim(farm, asking("w1")) is None
    pausing.resume(farm, POOL, pool, who="eva")
    assert leases.claim(farm, asking("w1")) is not None


@pytest.mark.parametrize("kind", [RECIPE, POOL])
def test_no_bell_rings_for_what_is_paused(farm: Farm, kind: PauseKind) -> None:
    draw_batch(farm, {"one": ()})
    pool = asking("w1").pools[0]
    pausing.pause(farm, kind, "one" if kind is RECIPE else pool, who="eva")
    reconcile.ring_bells(farm)
    assert isinstance(farm.bells, CountedBells)
    assert farm.bells.waiting[pool] == 0
    pausing.resume(farm, kind, "one" if kind is RECIPE else pool, who="eva")
    reconcile.ring_bells(farm)
    assert farm.bells.waiting[pool] == 1


@pytest.mark.parametrize(("kind", "name"), [(BATCH, "B-1"), (RECIPE, "one"), (POOL, "linux-64")])
def test_a_pause_ends_by_itself_at_its_time(farm: Farm, kind: PauseKind, name: str) -> None:
    draw_batch(farm, {"one": ()})
    pausing.pause(farm, kind, name, who="eva", until=farm.now() + timedelta(hours=1))
    forward(farm, 3500)
    pausing.end_due(farm)
    assert leases.claim(farm, asking("w1")) is None
    forward(farm, 200)
    pausing.end_due(farm)
    assert pausing.paused(farm) == []
    assert leases.claim(farm, asking("w1")) is not None


def test_pausing_again_changes_the_reason_and_the_end_and_keeps_the_beginning(farm: Farm) -> None:
    first = pausing.pause(farm, RECIPE, "one", who="eva", why="first")
    forward(farm, 60)
    again = pausing.pause(farm, RECIPE, "one", who="bob", why="second", until=farm.now() + timedelta(days=1))
    assert (again.since, again.author, again.reason) == (first.since, "bob", "second")
    assert pausing.paused(farm) == [again]


def test_ended_pauses_stay_on_record(farm: Farm) -> None:
    for _ in range(2):
        pausing.pause(farm, RECIPE, "one", who="eva")
        pausing.resume(farm, RECIPE, "one", who="bob")
    with farm.reading() as session:
        assert pauses.open_pauses(session) == []
        assert [row.ended_by for row in session.exec(select(pauses.PauseRow)).all()] == ["bob", "bob"]


def test_what_cannot_be_paused_or_resumed_says_why(farm: Farm) -> None:
    draw_batch(farm, {"one": ()})
    with pytest.raises(NotFoundError, match="There is no batch B-7"):
        pausing.pause(farm, BATCH, "B-7", who="eva")
    with pytest.raises(InvalidInputError, match="is past"):
        pausing.pause(farm, RECIPE, "one", who="eva", until=farm.now())
    with pytest.raises(NotFoundError, match="recipe one is not paused"):
        pausing.resume(farm, RECIPE, "one", who="eva")
    pausing.pause(farm, BATCH, "B-1", who="eva")
    with pytest.raises(IllegalMoveError, match="is paused"):
        requests.release(farm, "B-1", who="eva")
    requests.cancel(farm, "B-1", who="eva")
    assert pausing.paused(farm) == []
    with pytest.raises(IllegalMoveError):
        pausing.pause(farm, BATCH, "B-1", who="eva")


def test_a_job_says_which_pause_it_waits_for(farm: Farm) -> None:
    draw_batch(farm, {"one": ()})
    pausing.pause(farm, RECIPE, "one", who="eva", why="upstream retagged.")
    since = f"{farm.now():%Y-%m-%d %H:%M}"
    assert job_answers.job_view(farm, "J-1").why_not == (
        f"The recipe one is paused by eva since {since} UTC, until a person resumes it: upstream retagged.",
    )
    pausing.pause(farm, BATCH, "B-1", who="bob")
    said = job_answers.job_view(farm, "J-1").why_not
    assert said[1] == f"Its batch is paused by bob since {since} UTC, until a person resumes it."
    assert answers.batch_summary(farm, "B-1").verdict.startswith("Paused by bob since")


def test_a_recipe_of_several_trees_is_paused_in_all_of_them(farm: Farm) -> None:
    draw_batch(farm, {"other:tool": ()})
    draw_batch(farm, {"tool": ()})
    pausing.pause(farm, RECIPE, "other:tool", who="eva")
    assert [pause.name for pause in pausing.paused(farm)] == ["tool"]
    assert leases.claim(farm, asking("w1")) is None
    assert job_answers.job_view(farm, "J-1").why_not[0].startswith("The recipe tool is paused by eva")
    pausing.resume(farm, RECIPE, "other:tool", who="eva")
    assert leases.claim(farm, asking("w1")) is not None


def test_what_cannot_be_a_pool_is_not_paused(farm: Farm) -> None:
    with pytest.raises(InvalidInputError, match="'linux 64' is no pool"):
        pausing.pause(farm, POOL, "linux 64", who="eva")


def test_who_pauses_the_same_at_the_same_moment_is_told(farm: Farm) -> None:
    row = pauses.PauseRow(kind="recipe", name="one", since=farm.now())
    with farm.transaction() as session:
        pauses.begin(session, row)
    with pytest.raises(BusyError, match="Somebody paused one"), farm.transaction() as session:
        pauses.begin(session, pauses.PauseRow(kind="recipe", name="one", since=farm.now()))
