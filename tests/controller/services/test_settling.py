"""The verdict of a batch: all of it, the largest safe subset, or nothing; given once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.channels import TESTING
from controller.services import intake, settling
from controller.services.farm import Farm
from controller.storage import batches, channels
from controller.storage.batches import BatchRow
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


@pytest.fixture
def worker(farm: Farm, tmp_path: Path) -> SimulatedWorker:
    """A worker before a batch of a library, what is built with it, what runs with that, and one apart."""
    tree = tmp_path / "tree"
    write_recipe(tree, "lib", exports=("lib >=1.0,<2",))
    write_recipe(tree, "user", host=("lib",))
    write_recipe(tree, "app", run=("user",))
    write_recipe(tree, "apart")
    commit(tree, "four begin")
    intake.push(farm, str(tree), None, who="ana")
    return SimulatedWorker(farm)


def batch(farm: Farm) -> BatchRow:
    with farm.reading() as session:
        return batches.find_batch(session, "B-1")


def in_testing(farm: Farm) -> set[str]:
    """Names in testing as it is now."""
    with farm.reading() as session:
        return {row.name for row in channels.files_in(session, TESTING, channels.current_of(session, TESTING))}


def test_a_batch_that_passed_is_published_whole(farm: Farm, worker: SimulatedWorker) -> None:
    done = worker.finish()
    assert len(done) == 8
    assert done.index(("test", "lib")) < done.index(("build", "user"))
    assert (batch(farm).state, batch(farm).stays) == ("passed", [])
    assert batch(farm).settled_at == farm.now()
    assert in_testing(farm) == {"lib", "user", "app", "apart"}


def test_of_a_broken_batch_what_is_safe_is_published_and_the_rest_says_why_it_stays(
    farm: Farm, worker: SimulatedWorker
) -> None:
    worker.fail = {("test", "user")}
    worker.finish()
    assert batch(farm).state == "partial"
    assert in_testing(farm) == {"lib", "apart"}
    assert {file.split("/")[1].split("-")[0] for file in batch(farm).published} == {"lib", "apart"}
    stays = {left["name"]: left for left in batch(farm).stays}
    assert set(stays) == {"user", "app"}
    assert stays["user"]["reason"] == "Its test failed."
    assert stays["user"]["blocked_by"] == stays["app"]["blocked_by"] == ["test of user (noarch)"]
    assert stays["app"]["reason"]


def test_when_the_library_breaks_only_what_is_apart_from_it_is_published(farm: Farm, worker: SimulatedWorker) -> None:
    worker.fail = {("build", "lib")}
    worker.finish()
    assert (batch(farm).state, in_testing(farm)) == ("partial", {"apart"})
    assert {left["name"] for left in batch(farm).stays} == {"lib", "user", "app"}
    assert all(left["blocked_by"] == ["build of lib (noarch)"] for left in batch(farm).stays)


def test_when_nothing_is_safe_testing_does_not_move(farm: Farm, worker: SimulatedWorker) -> None:
    worker.fail = {("build", "lib"), ("build", "apart")}
    worker.finish()
    assert (batch(farm).state, batch(farm).published) == ("failed", [])
    assert len(batch(farm).stays) == 4
    with farm.reading() as session:
        assert channels.current_of(session, TESTING) == 0


def test_a_batch_settles_once(farm: Farm, worker: SimulatedWorker) -> None:
    worker.finish()
    before = batch(farm).settled_at
    farm.now.forward(60)
    settling.settle(farm, "B-1")
    worker.finish()
    assert batch(farm).settled_at == before
    with farm.reading() as session:
        assert channels.current_of(session, TESTING) == 1


def test_a_batch_with_work_left_does_not_settle(farm: Farm, worker: SimulatedWorker) -> None:
    worker.step()
    settling.settle(farm, "B-1")
    assert (batch(farm).state, in_testing(farm)) == ("running", set())


def test_a_lease_lost_on_the_way_costs_a_second_try_and_nothing_else(farm: Farm, worker: SimulatedWorker) -> None:
    worker.lose = {("build", "lib"), ("test", "user")}
    done = worker.finish()
    assert done.count(("build", "lib")) == done.count(("test", "user")) == 2
    assert batch(farm).state == "passed"


def test_a_change_of_the_library_alone_is_tried_with_what_is_not_rebuilt(
    farm: Farm, worker: SimulatedWorker, tmp_path: Path
) -> None:
    """A retest that fails is answered by a rebuild; where that fails too, it keeps back what it was tried with."""
    worker.finish()
    write_recipe(tmp_path / "tree", "user", host=("lib",), script=("echo changed",))
    commit(tmp_path / "tree", "user changes")
    opened = intake.push(farm, str(tmp_path / "tree"), None, who="ana")
    worker.fail = {("test", "app")}
    done = worker.finish()
    assert ("build", "user") in done
    assert ("test", "app") in done
    assert done.count(("build", "app")) == 1
    with farm.reading() as session:
        row = batches.find_batch(session, opened.batch)
        stays = {left["name"]: left["reason"] for left in row.stays}
        assert (row.state, row.published, set(stays)) == ("failed", [], {"user", "app"})
        assert stays["user"] == "app (noarch), whose rebuild stays behind, failed its tests with it."
        assert channels.current_of(session, TESTING) == 1
