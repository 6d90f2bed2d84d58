"""Packages that are built with each other: in stages, of which only the last is tested and published."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.channels import TESTING, staging
from controller.domain.errors import IllegalMoveError
from controller.services import channels
from controller.services.answers.batches import batch_view
from controller.storage import artifacts, jobs
from controller.storage import channels as stored
from tests.kit.changing_world import World
from tests.kit.farms import make_farm

BLAS, LAPACK = ("blas >=1.0,<2",), ("lapack >=1.0,<2",)


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    """A library that is built with one that is built with it, from the second push on."""
    farm = make_farm(tmp_path / "farm", database_url)
    (tmp_path / "tree").mkdir()
    world = World(farm, tmp_path / "tree")
    yield world
    farm.close()


def begin(world: World) -> None:
    world.write("blas", exports=BLAS)
    world.write("lapack", host=("blas",), exports=LAPACK)
    world.write("user", host=("lapack",))
    world.begin()


def tie(world: World, comment: str = "# tied") -> str:
    """Blas needs lapack from now on, and lapack differs too."""
    world.write("blas", host=("lapack",), exports=BLAS, script=(comment,))
    world.write("lapack", host=("blas",), exports=LAPACK, script=(comment,))
    return world.push("blas on lapack")


def builds(world: World, batch: str) -> dict[str, int]:
    """File name of everything a batch is to build, to its stage."""
    with world.farm.reading() as session:
        rows = jobs.jobs_of_batch(session, world.batch(batch).id or 0)
        return {data["name"] + "_" + str(data["build_number"]): row.stage
                for row in rows if row.kind == "build" for data in row.outputs}  # fmt: skip


def made_with(world: World, name: str, number: int) -> set[str]:
    """What stood in the host environment of a file that was built, by name and build number."""
    with world.farm.reading() as session:
        rows = artifacts.by_ids(session, range(1, 60))
        row = next(row for row in rows if (row.name, row.build_number) == (name, number))
        return {f"{used.name} {used.file_stem.rpartition('_')[2]}" for used in row.value().used}


def test_every_stage_is_built_with_the_one_before_and_the_last_with_nothing_old(world: World) -> None:
    begin(world)
    batch = tie(world)
    assert builds(world, batch) == {"blas_1": 1, "lapack_1": 1, "blas_2": 0, "lapack_2": 0}
    world.worker.finish()
    assert world.batch(batch).state == "passed"
    assert made_with(world, "blas", 1) == {"lapack 0"}
    assert made_with(world, "lapack", 1) == {"blas 1"}
    assert made_with(world, "blas", 2) == {"lapack 1"}
    assert made_with(world, "lapack", 2) == {"blas 2"}


def test_only_the_last_stage_is_published_and_the_batch_says_how_it_went_round(world: World) -> None:
    begin(world)
    batch = tie(world)
    world.worker.finish()
    numbers = {file.rpartition("_")[2] for file in world.in_testing() if "/blas-" in file}
    assert numbers == {"0.conda", "2.conda"}
    view = batch_view(world.farm, batch)
    (said,) = view.circles
    assert said.startswith(
        "blas, lapack are built with each other (noarch), so each is built twice: only what the last stage makes, with "
        "nothing old in it, is tested and published. In the first stage blas has lapack-1.0-"
    )
    assert sorted((job.name, job.stage) for job in view.jobs if job.kind == "build") == [
        ("blas", 0), ("blas", 1), ("lapack", 0), ("lapack", 1),
    ]  # fmt: skip
    assert all("_1.conda" not in file for file in view.published)


def test_what_uses_a_circle_is_retested_with_what_is_published_alone(world: World) -> None:
    begin(world)
    batch = tie(world)
    with world.farm.reading() as session:
        rows = jobs.jobs_of_batch(session, world.batch(batch).id or 0)
        (retest,) = [row for row in rows if row.kind == "retest"]
        above = {row.id for row in rows if row.kind == "build" and not row.stage and row.name == "lapack"}
        assert above <= set(jobs.parents_of(session, [retest.id or 0]))


def test_no_channel_but_the_batch_s_own_takes_what_a_stage_made(world: World) -> None:
    begin(world)
    batch = tie(world)
    world.worker.work()
    farm = world.farm
    with farm.transaction() as session:
        rows = stored.files_in(session, staging(batch), stored.current_of(session, staging(batch)))
        of_stage = [row for row in rows if row.stage]
        assert {row.name for row in of_stage} == {"blas", "lapack"}
        with pytest.raises(IllegalMoveError, match="made for the next stage of a circle"):
            channels.publish(farm, session, TESTING, of_stage, batch_id=None, who="ana", why="by hand")


@pytest.mark.parametrize("name", ["blas", "lapack"])
def test_a_stage_that_fails_keeps_the_circle_and_its_users_as_they_were(world: World, name: str) -> None:
    begin(world)
    before = world.in_testing()
    world.worker.fail = {("build", name)}
    batch = tie(world)
    world.worker.finish()
    assert world.in_testing() == before
    view = batch_view(world.farm, batch)
    assert view.state == "failed"
    assert {stays.name for stays in view.stays} == {"blas", "lapack"}
    assert all(f"build of {name} (noarch)" in stays.blocked_by for stays in view.stays)


def test_a_circle_that_nothing_opens_stays_behind_with_what_needs_it_and_says_so(world: World) -> None:
    world.write("blas", host=("lapack",), exports=BLAS)
    world.write("lapack", host=("blas",), exports=LAPACK)
    world.write("user", host=("lapack",))
    batch = world.push()
    world.worker.finish()
    view = batch_view(world.farm, batch)
    assert view.state == "partial"
    assert {stays.name for stays in view.stays} == {"blas", "lapack", "user"}
    assert {stays.reason for stays in view.stays} == {
        "blas, lapack are built with each other, and nothing that is there opens the circle."
    }
    assert "It would open if there were a " in view.circles[0]
    assert {file.split("/")[1].split("-")[0] for file in world.in_testing()} == {"lib", "mid", "leaf", "app"}


def test_a_batch_with_a_circle_is_decided_again_without_building_a_stage_twice(world: World) -> None:
    """The library of the world comes out the same, so that what was to follow is dropped; the circle goes on."""
    world.worker.same = {"lib"}
    begin(world)
    world.write("lib", exports=("lib >=1.0,<2",), script=("# a comment",))
    batch = tie(world)
    world.worker.finish()
    assert world.batch(batch).state == "passed"
    assert all(not revision["failed"] for revision in world.batch(batch).revisions)
    assert world.batch(batch).revisions
    assert builds(world, batch)["blas_2"] == 0
    done = [job for job in world.worker.done if job == ("build", "blas")]
    assert len(done) == 3  # once to begin with, and twice now
