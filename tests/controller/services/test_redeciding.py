"""A batch is decided again with what came of its jobs: files of the controller's own making, reported by a worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.batches import BatchState
from controller.domain.jobs import JobState
from controller.domain.priorities import Lane
from controller.planning.ordering import lane_span
from controller.services import reconcile, redeciding, requests
from controller.services.farm import Farm, Rules
from controller.storage import artifacts, batches, durations, jobs
from tests.kit.changing_world import World, library, program
from tests.kit.farms import make_farm

TRANSITIVE = '[tree.policy]\nscope = "transitive"\n'


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


@pytest.fixture
def world(farm: Farm, tmp_path: Path) -> World:
    world = World(farm, tmp_path / "tree")
    world.begin()
    return world


@pytest.fixture
def transitive(farm: Farm, tmp_path: Path) -> World:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "farm.toml").write_text(TRANSITIVE, encoding="utf-8")
    world = World(farm, tmp_path / "tree")
    world.worker.same = {"lib"}
    world.begin()
    return world


def test_what_comes_out_the_same_stops_a_transitive_cascade(transitive: World) -> None:
    batch = transitive.change_lib()
    before = transitive.states(batch)
    assert before["build", "mid"] == before["build", "leaf"] == before["retest", "app"] == "waiting"
    assert transitive.worker.finish() == [("build", "lib"), ("test", "lib")]
    assert transitive.states(batch) == {
        ("build", "lib"): "passed", ("test", "lib"): "passed",
        ("build", "mid"): "not_needed", ("test", "mid"): "not_needed",
        ("build", "leaf"): "not_needed", ("test", "leaf"): "not_needed", ("retest", "app"): "not_needed",
    }  # fmt: skip
    assert sorted(transitive.told(batch)) == [
        ("dropped", "build", "leaf", "unchanged"),
        ("dropped", "build", "mid", "unchanged"),
        ("dropped", "retest", "app", "unchanged"),
        ("stopped", "build", "lib", "unchanged"),
    ]
    assert transitive.batch(batch).state == "passed"
    assert transitive.jobs(batch)["build", "mid"].message.startswith("What was built of lib is the same as before")


def test_what_it_stopped_is_published_all_the_same_and_pushed_again_does_nothing(transitive: World) -> None:
    batch = transitive.change_lib()
    transitive.worker.finish()
    assert [file.split("/")[1].split("-")[0] for file in transitive.batch(batch).published] == ["lib"]
    (transitive.tree / "README.md").write_text("Nothing that a recipe is made of.")
    again = transitive.push("nothing")
    assert transitive.jobs(again) == {}


def test_in_the_middle_the_cascade_stops_and_the_rest_is_retested_instead(transitive: World) -> None:
    """Mid comes out the same though lib did not: leaf is not rebuilt, but runs with the new lib through it."""
    transitive.worker.same = set()
    first = transitive.change_lib("# changed")
    transitive.worker.finish()
    assert transitive.states(first)["build", "leaf"] == "passed"
    transitive.worker.same = {"mid"}
    transitive.change_lib("# mid becomes what it stays")
    transitive.worker.finish()
    batch = transitive.change_lib("# and now it is the same")
    done = transitive.worker.finish()
    assert ("build", "mid") in done
    assert ("build", "leaf") not in done
    assert transitive.states(batch)["build", "leaf"] == "not_needed"
    assert transitive.states(batch)["retest", "leaf"] == "passed"
    assert ("added", "retest", "leaf", "R7") in transitive.told(batch)
    assert transitive.batch(batch).state == "passed"


def subdir_world(farm: Farm, tree: Path) -> World:
    world = World(farm, tree)
    world.worker.libraries = {"lib": library("f_old", "f_new"), "mid": program("f_old"), "app": program("f_new")}
    world.begin()
    return world


def test_who_uses_a_symbol_that_is_gone_is_rebuilt_and_who_does_not_is_retested(farm: Farm, tmp_path: Path) -> None:
    world = subdir_world(farm, tmp_path / "tree")
    world.worker.libraries["lib"] = library("f_new", "f_newer")
    batch = world.change_lib()
    assert {key for key in world.jobs(batch) if key[0] == "build"} == {("build", "lib")}
    done = world.worker.finish()
    assert ("build", "mid") in done
    assert ("build", "app") not in done
    states = world.states(batch)
    assert states["retest", "mid"] == "escalated"
    assert states["retest", "app"] == states["retest", "leaf"] == states["test", "mid"] == "passed"
    assert ("escalated", "build", "mid", "R17") in world.told(batch)
    row = world.jobs(batch)["build", "mid"]
    assert (row.revision, row.reasons[0]["rule"], row.reasons[0]["detail"]) == (1, "R17", "f_old of liblib.so.1")
    assert world.batch(batch).state == "passed"
    with farm.reading() as session:
        (built,) = [found for found in artifacts.of_batch(session, row.batch_id) if found.name == "mid"]
        hosts = {used.file_stem for used in built.value().used}
        (lib,) = [found for found in artifacts.of_batch(session, row.batch_id) if found.name == "lib"]
    assert lib.value().file_name.removesuffix(".conda") in hosts


def test_a_library_that_only_grows_changes_no_plan(farm: Farm, tmp_path: Path) -> None:
    world = subdir_world(farm, tmp_path / "tree")
    world.worker.libraries["lib"] = library("f_old", "f_new", "f_newer")
    batch = world.change_lib()
    world.worker.finish()
    assert world.batch(batch).revisions == []
    assert world.states(batch)["retest", "mid"] == "passed"


def test_where_nobody_read_the_libraries_before_nothing_is_escalated(world: World) -> None:
    world.worker.libraries = {"lib": library()}
    batch = world.change_lib()
    world.worker.finish()
    assert world.batch(batch).revisions == []


@pytest.mark.parametrize(("how", "rule", "state"), [("fail", "retest", "failed"), ("unsolvable", "R19", "unsolvable")])
def test_a_retest_that_does_not_pass_becomes_a_rebuild_once(world: World, how: str, rule: str, state: str) -> None:
    batch = world.change_lib()
    getattr(world.worker, how).add(("test", "app"))
    claims = run_until(world, ("test", "app"))
    assert world.states(batch)["retest", "app"] == "escalated"
    assert ("escalated", "build", "app", rule) in world.told(batch)
    getattr(world.worker, how).clear()
    assert ("build", "app") in world.worker.finish()
    assert world.states(batch)["test", "app"] == "passed"
    assert world.batch(batch).state == "passed"
    assert claims
    assert any("/app-1.0-" in file for file in world.batch(batch).published)


def test_what_a_new_decision_adds_finds_its_place_by_the_critical_path(world: World) -> None:
    for name, seconds in (("lib", 100.0), ("mid", 900.0), ("leaf", 500.0), ("app", 60.0)):
        for _ in range(40):
            with world.farm.transaction() as session:
                durations.learn(session, ("build", name, name, "noarch"), seconds, world.farm.now())
    batch = world.change_lib()
    world.worker.fail.add(("test", "app"))
    run_until(world, ("test", "app"))
    while ("build", "app") not in world.jobs(batch):
        list(reconcile.tick(world.farm, reconcile.STEPS))
    lowest, beyond = lane_span(Lane.ORDINARY)
    rows = world.jobs(batch)
    assert 50 <= rows["build", "app"].height <= 70
    open_jobs = [row for row in rows.values() if row.state in ("waiting", "ready")]
    by_rank = sorted(open_jobs, key=lambda row: (row.rank, -row.height))
    assert [row.height for row in by_rank] == sorted((row.height for row in open_jobs), reverse=True)
    assert all(lowest <= row.rank < beyond for row in open_jobs)


def run_until(world: World, job: tuple[str, str]) -> int:
    for steps in range(1, 50):
        assert world.worker.step(), f"{job} never came"
        if world.worker.done[-1] == job:
            return steps
    raise AssertionError(job)


def test_a_rebuild_that_breaks_too_stays_behind_with_what_broke_it(world: World) -> None:
    before = world.in_testing()
    batch = world.change_lib()
    world.worker.fail = {("test", "app"), ("build", "app")}
    done = world.worker.finish()
    assert done.count(("build", "app")) == 1
    row = world.batch(batch)
    assert (row.state, world.in_testing()) == ("failed", before)
    reasons = {left["name"]: left["reason"] for left in row.stays}
    assert reasons["lib"] == "app (noarch), whose rebuild stays behind, failed its tests with it."
    assert len(row.revisions) == 1


def test_what_a_file_exports_otherwise_than_promised_is_what_the_plan_goes_on_with(world: World) -> None:
    """The plan is decided again; that it needs no change is not told, what differs is."""
    batch = world.change_lib()
    world.worker.exports = {"lib": {"weak": ["lib >=1.0,<1.1"]}}
    world.worker.finish()
    with world.farm.reading() as session:
        (lib,) = [row for row in artifacts.of_batch(session, world.batch(batch).id or 0) if row.name == "lib"]
    assert lib.difference["unpredicted"] == ["weak: lib >=1.0,<1.1"]
    assert lib.difference["exports_gone"] == ["weak: lib >=1.0,<2"]
    assert world.batch(batch).revisions == []
    assert not any(job.due for job in world.jobs(batch).values())
    assert world.batch(batch).state == "passed"


def test_nothing_follows_from_a_surprise_before_the_plan_is_decided_again(transitive: World) -> None:
    """No worker gets what may not be needed, and the batch does not settle meanwhile."""
    farm, batch = transitive.farm, transitive.change_lib()
    claim = transitive.worker.claim()
    assert claim is not None
    transitive.worker.do(claim)
    assert transitive.jobs(batch)["build", "lib"].due
    assert transitive.worker.claim() is None
    reconcile.settle_finished(farm)
    assert transitive.batch(batch).state == "running"
    redeciding.redecide_due(farm)
    assert not transitive.jobs(batch)["build", "lib"].due
    before = transitive.batch(batch).revisions
    redeciding.redecide(farm, batch)
    assert transitive.batch(batch).revisions == before
    assert transitive.worker.claim() is not None


def test_a_batch_that_cannot_be_decided_again_goes_on_as_planned_and_says_so(transitive: World) -> None:
    batch = transitive.change_lib()
    with transitive.farm.transaction() as session:
        row = batches.find_batch(session, batch)
        row.basis = {}
        session.add(row)
    done = transitive.worker.finish()
    assert ("build", "leaf") in done
    (revision,) = [revision for revision in transitive.batch(batch).revisions if revision["failed"]][:1]
    assert "decided on" in revision["failed"]
    assert transitive.batch(batch).state == "passed"


def test_what_is_added_above_the_circuit_breaker_waits_for_a_person(tmp_path: Path, database_url: str) -> None:
    rules = Rules(subdirs=("linux-64",), noarch_pool="linux-64", circuit_breaker_jobs=8)
    farm = make_farm(tmp_path, database_url, rules=rules)
    world = subdir_world(farm, tmp_path / "tree")
    world.worker.libraries |= {"lib": library(), "leaf": program("f_new")}
    farm.rules = Rules(subdirs=("linux-64",), noarch_pool="linux-64", circuit_breaker_jobs=6)
    batch = world.change_lib()
    assert world.batch(batch).state == "running"
    assert world.worker.work() == [("build", "lib")]
    row = world.batch(batch)
    assert (row.state, row.plan["held"]["jobs"]) == ("held", 7)
    assert set(world.states(batch).values()) == {"passed", "escalated", "waiting"}
    requests.release(farm, batch, who="eva")
    done = world.worker.finish()
    assert ("build", "mid") in done
    assert world.batch(batch).state == "passed"
    farm.close()


def test_jobs_that_end_while_a_batch_is_held_make_nothing_ready(world: World) -> None:
    batch = world.change_lib()
    claim = world.worker.claim()
    assert claim is not None
    with world.farm.transaction() as session:
        row = batches.find_batch(session, batch)
        row.state = BatchState.HELD.value
        session.add(row)
    world.worker.do(claim)
    assert world.worker.claim() is None
    assert JobState.READY.value not in world.states(batch).values()
    requests.release(world.farm, batch, who="eva")
    world.worker.finish()
    assert world.batch(batch).state == "passed"


def test_a_worker_that_begins_meanwhile_has_the_plan_made_anew(
    transitive: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and writing a worker takes a job that would have gone: it stays, and the rest goes."""
    batch = transitive.change_lib()
    claim = transitive.worker.claim()
    assert claim is not None
    transitive.worker.do(claim)
    real, once = redeciding.overlay, []

    def late(farm, seen, again):
        if not once:
            once.append(1)
            with farm.transaction() as session:
                row = next(job for job in jobs.jobs_of_batch(session, seen.batch.id) if job.name == "mid")
                row.state, row.attempts = "running", 1
                session.add(row)
        return real(farm, seen, again)

    monkeypatch.setattr(redeciding, "overlay", late)
    redeciding.redecide_due(transitive.farm)
    states = transitive.states(batch)
    assert states["build", "mid"] == "running"
    assert states["test", "mid"] == "waiting"
    assert len(transitive.batch(batch).revisions) == 1


def test_a_lost_worker_in_a_batch_that_was_decided_again_costs_a_try(world: World) -> None:
    batch = world.change_lib()
    world.worker.fail = {("test", "app")}
    run_until(world, ("test", "app"))
    world.worker.fail = set()
    world.worker.lose = {("build", "app")}
    assert world.worker.finish().count(("build", "app")) == 2
    assert world.batch(batch).state == "passed"
