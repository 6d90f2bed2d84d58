"""A test that fails is held against the same test without the change; where nobody knows, a control is run."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.domain.pauses import PauseKind
from controller.services import baselines, pausing, reconcile, requests, settling
from controller.services.answers.jobs import job_view
from controller.services.farm import Farm
from controller.services.promotion import gates_of
from controller.storage import artifacts, batches, jobs
from controller.storage import baselines as stored
from tests.kit.changing_world import World
from tests.kit.farms import make_farm
from tests.kit.simulated_worker import job_of
from workers.contract.reports import Outcome

APP, LIB = ("test", "app"), ("test", "lib")


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


@pytest.fixture
def world(farm: Farm, tmp_path: Path) -> World:
    world = World(farm, tmp_path / "tree")
    world.begin()
    farm.rules = replace(farm.rules, baseline_days=0.0)  # what passed a moment ago is not believed
    return world


def test_a_retest_that_fails_without_the_change_too_is_no_regression_and_stops_nothing(world: World) -> None:
    world.worker.fail = {APP, ("control", "app")}
    batch = world.change_lib()
    world.worker.finish()
    states = world.states(batch)
    assert (states["retest", "app"], states["control", "app"]) == ("no_regression", "answered")
    assert ("build", "app") not in states
    assert world.batch(batch).state == "passed"
    view = job_view(world.farm, world.jobs(batch)["retest", "app"].public)
    control = world.jobs(batch)["control", "app"].public
    assert view.compared.startswith(f"No regression: without the change it fails in the same way ({control}, app-")
    assert view.control == control
    assert job_view(world.farm, control).compared.startswith(f"Run for {view.id}: the same tests, without anything of")


def test_a_retest_that_passes_without_the_change_is_a_regression_and_is_rebuilt(world: World) -> None:
    world.worker.fail = {APP}
    batch = world.change_lib()
    while ("control", "app") not in world.worker.done:
        assert world.worker.step()
    world.worker.fail = set()
    assert world.states(batch)["retest", "app"] == "escalated"
    world.worker.finish()
    assert world.states(batch)["build", "app"] == "passed"
    assert world.batch(batch).state == "passed"


def test_nothing_follows_from_a_failure_until_its_control_has_ended(world: World) -> None:
    world.worker.fail = {APP}
    batch = world.change_lib()
    while world.worker.done[-1] != APP:
        assert world.worker.step()
    assert world.states(batch)["retest", "app"] == "checking"
    assert ("build", "app") not in world.states(batch)
    reconcile.settle_finished(world.farm)
    assert world.batch(batch).state == "running"


def test_a_control_is_given_no_channel_of_its_batch(world: World) -> None:
    world.worker.fail = {APP}
    world.change_lib()
    while world.worker.done[-1] != APP:
        world.worker.step()
    claim = world.worker.claim()
    while claim is not None and "staging" in " ".join(claim.spec.channels):
        world.worker.do(claim)
        claim = world.worker.claim()
    assert claim is not None
    assert claim.spec.channels == ("/channels/testing", *world.farm.rules.upstream)
    assert claim.spec.order.file.name == "app"  # type: ignore[union-attr]


def test_a_test_of_a_new_build_is_held_against_that_of_the_file_whose_place_it_takes(world: World) -> None:
    world.worker.fail = {LIB, ("control", "lib")}
    batch = world.change_lib()
    world.worker.finish()
    found = world.jobs(batch)
    assert found["test", "lib"].state == "no_regression"
    assert found["control", "lib"].artifact == found["build", "lib"].before[found["test", "lib"].artifact]
    assert found["retest", "app"].state == "passed", "what waits for a test that failed as before goes on"
    assert world.batch(batch).state == "passed"


def test_what_fails_as_before_is_published_with_its_true_verdict_and_the_gate_says_so(world: World) -> None:
    world.worker.fail = {LIB, ("control", "lib")}
    batch = world.change_lib()
    world.worker.finish()
    file = world.jobs(batch)["test", "lib"].artifact
    with world.farm.reading() as session:
        (row,) = artifacts.find_files(session, [file])
        gate = next(g for g in gates_of(world.farm, session, batches.find_batch(session, batch)) if g.gate == "tested")
    assert row.verdict == "failed"
    assert gate.passes
    (reason,) = gate.reasons
    assert reason.startswith(f"{file}: No regression: without the change it fails in the same way (J-")


def test_a_new_package_must_pass_whatever_else_fails(world: World) -> None:
    world.write("fresh")
    world.worker.fail = {("test", "fresh"), ("control", "fresh")}
    batch = world.push()
    world.worker.finish()
    assert world.states(batch)["test", "fresh"] == "failed"
    assert ("control", "fresh") not in world.states(batch)
    view = job_view(world.farm, world.jobs(batch)["test", "fresh"].public)
    assert view.compared == "Nothing of this package was there before, so it must pass."


def test_a_second_fault_is_not_hidden_behind_a_known_one(world: World) -> None:
    world.worker.fail = {LIB, ("control", "lib")}
    world.worker.cases = {LIB: ("test_a", "test_b"), ("control", "lib"): ("test_a",)}
    batch = world.change_lib()
    world.worker.finish()
    job = world.jobs(batch)["test", "lib"]
    assert job.state == "failed"
    assert job_view(world.farm, job.public).compared.endswith("Only now: test_b.")


def test_failing_for_another_reason_is_a_regression(world: World) -> None:
    world.worker.fail = {LIB, ("control", "lib")}
    world.worker.lines = {("control", "lib"): "ImportError: cannot import name 'other' from 'toy'"}
    batch = world.change_lib()
    world.worker.finish()
    assert world.states(batch)["test", "lib"] == "failed"


def test_what_could_not_be_installed_before_stops_nothing(world: World) -> None:
    world.worker.unsolvable = {APP, ("control", "app")}
    batch = world.change_lib()
    world.worker.finish()
    assert world.states(batch)["retest", "app"] == "no_regression"
    assert world.batch(batch).state == "passed"


def test_what_can_be_installed_only_without_the_change_is_rebuilt(world: World) -> None:
    world.worker.unsolvable = {APP}
    batch = world.change_lib()
    while ("control", "app") not in world.worker.done:
        assert world.worker.step()
    assert world.states(batch)["retest", "app"] == "escalated"


def test_what_passed_not_long_ago_needs_no_control(world: World) -> None:
    world.farm.rules = replace(world.farm.rules, baseline_days=7.0)
    world.worker.fail = {LIB}
    batch = world.change_lib()
    world.worker.finish()
    assert world.states(batch)["test", "lib"] == "failed"
    assert ("control", "lib") not in world.states(batch)
    built_in = job_view(world.farm, world.jobs(batch)["test", "lib"].public).compared
    assert built_in.startswith("A regression: without the change it passes (J-")


def test_a_flake_of_the_control_is_repeated_alone_like_any_test(world: World) -> None:
    world.worker.fail, world.worker.flaky = {LIB}, {("control", "lib")}
    batch = world.change_lib()
    world.worker.finish()
    assert world.worker.done.count(("control", "lib")) == 2
    assert world.states(batch)["test", "lib"] == "failed"


def test_a_control_that_takes_its_workers_down_excuses_nothing(world: World) -> None:
    world.worker.fail = {APP}
    batch = world.change_lib()
    while world.worker.done[-1] != APP:
        world.worker.step()
    for _ in range(world.farm.rules.max_attempts):
        claim = world.worker.claim()
        while claim is not None and world.worker.done[-1] != ("control", "app"):
            world.worker.lose = {("control", "app")}
            world.worker.do(claim)
            claim = world.worker.claim() if world.worker.done[-1] != ("control", "app") else None
        world.worker.done.append(("build", "nothing"))
    assert world.states(batch)["control", "app"] == "quarantined"
    baselines.close_checked(world.farm)
    job = world.jobs(batch)["retest", "app"]
    assert job.state == "failed"
    assert "could not be found out" in job_view(world.farm, job.public).compared


def test_a_cancelled_batch_takes_both_with_it(world: World) -> None:
    world.worker.fail = {APP}
    batch = world.change_lib()
    while world.worker.done[-1] != APP:
        world.worker.step()
    requests.cancel(world.farm, batch, who="ana")
    states = world.states(batch)
    assert (states["retest", "app"], states["control", "app"]) == ("cancelled", "cancelled")
    baselines.close_checked(world.farm)
    assert world.states(batch)["retest", "app"] == "cancelled"


def test_in_a_paused_batch_the_control_waits_too(world: World) -> None:
    world.worker.fail = {APP}
    batch = world.change_lib()
    claim = world.worker.claim()
    while claim is not None and job_of(claim) != APP:
        world.worker.do(claim)
        claim = world.worker.claim()
    assert claim is not None
    pausing.pause(world.farm, PauseKind.BATCH, batch, who="ana", why="a look")
    world.worker.do(claim)
    assert world.states(batch)["control", "app"] == "waiting"
    pausing.resume(world.farm, PauseKind.BATCH, batch, who="ana")
    world.worker.finish()
    assert world.states(batch)["control", "app"] == "answered"


def test_closing_twice_changes_nothing(world: World) -> None:
    world.worker.fail = {LIB, ("control", "lib")}
    batch = world.change_lib()
    world.worker.finish()
    before = world.states(batch)
    baselines.close_checked(world.farm)
    settling.settle(world.farm, batch)
    assert world.states(batch) == before


def test_a_retest_is_no_baseline_and_a_control_is(world: World) -> None:
    world.worker.fail = {APP, ("control", "app")}
    batch = world.change_lib()
    world.worker.finish()
    job, control = world.jobs(batch)["retest", "app"], world.jobs(batch)["control", "app"]
    with world.farm.reading() as session:
        known = stored.find(session, job.artifact)
    assert known is not None
    assert (known.value().job, known.outcome) == (control.public, Outcome.FAILED.value)


def test_a_retry_asks_anew(world: World) -> None:
    world.worker.fail = {("test", "leaf"), LIB}
    batch = world.change_lib()
    world.worker.finish()
    job = world.jobs(batch)["test", "lib"]
    assert job.state == "failed"
    world.worker.fail = {LIB, ("control", "lib")}
    requests.retry(world.farm, job.public, who="ana")
    assert world.jobs(batch)["test", "lib"].compared == {}
    world.worker.finish()
    with world.farm.reading() as session:
        controls = [row for row in jobs.jobs_of_batch(session, world.batch(batch).id or 0) if row.control_of == job.id]
    assert [row.state for row in controls] == ["answered", "answered"]
    assert world.states(batch)["test", "lib"] == "no_regression"
