"""Several trees of one farm: what moves in one is followed into the others, and built from there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.services import intake
from controller.services.farm import Farm
from controller.services.trees import stand
from controller.storage import batches, jobs
from controller.storage.jobs import JobRow
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """A library in one tree, its user in another, and a recipe of the same folder name in both."""
    libraries, programs = tmp_path / "libraries", tmp_path / "programs"
    write_recipe(libraries, "lib", version="1.0", exports=("lib >=1.0,<2.0a0",))
    write_recipe(libraries, "doc", version="1.0")
    write_recipe(programs, "user", host=("lib",))
    write_recipe(programs / "more", "other")
    commit(libraries, "a library")
    commit(programs, "its user")
    return libraries, programs


@pytest.fixture
def farm(tmp_path: Path, database_url: str, trees: tuple[Path, Path]) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    farm.rules = replace(farm.rules, trees=tuple(str(tree) for tree in trees))
    yield farm
    farm.close()


def push(farm: Farm, tree: Path) -> list[JobRow]:
    """The jobs of the batch that a push becomes."""
    opened = intake.push(farm, str(tree), None, who="ana")
    with farm.reading() as session:
        return jobs.jobs_of_batch(session, batches.number_of(opened.batch))


def builds(rows: list[JobRow]) -> dict[str, str]:
    return {row.name: row.recipe for row in rows if row.kind == "build"}


def finish(farm: Farm) -> None:
    SimulatedWorker(farm).finish()


def test_a_library_that_moves_in_one_tree_rebuilds_its_user_from_another(farm: Farm, trees: tuple[Path, Path]) -> None:
    libraries, programs = trees
    assert builds(push(farm, libraries)) == {"lib": "lib", "doc": "doc"}
    finish(farm)
    assert builds(push(farm, programs)) == {"user": "user", "other": "more/other"}
    finish(farm)
    write_recipe(libraries, "lib", version="2.0", exports=("lib >=2.0,<3.0a0",))
    commit(libraries, "the library moves")
    rows = push(farm, libraries)
    assert builds(rows) == {"lib": "lib", "user": "programs:user"}
    (user,) = [row for row in rows if row.kind == "build" and row.name == "user"]
    checkout = farm.trees.open(str(programs), farm.trees.resolve(str(programs), None))
    assert farm.blobs.path(user.order["source_sha256"]).read_bytes() == checkout.archive("user")


def test_a_tree_that_the_farm_is_not_told_of_stands_alone(farm: Farm, trees: tuple[Path, Path]) -> None:
    libraries, programs = trees
    farm.rules = replace(farm.rules, trees=(str(programs),))
    push(farm, programs)
    found = stand(farm, str(libraries), farm.trees.resolve(str(libraries), None))
    assert {output.recipe for output in found.reading.outputs} == {"lib", "doc"}


def test_of_two_trees_that_make_one_file_the_first_told_does(farm: Farm, trees: tuple[Path, Path]) -> None:
    libraries, programs = trees
    push(farm, libraries)
    write_recipe(programs, "doc", version="1.0")
    commit(programs, "a second doc")
    found = stand(farm, str(programs), farm.trees.resolve(str(programs), None))
    (refusal,) = found.reading.refusals
    assert refusal.recipe == "doc"
    assert "is made by the tree libraries already, which the settings name first" in refusal.cause
    assert {output.recipe for output in found.reading.outputs if output.name == "doc"} == {"libraries:doc"}


def test_a_tree_that_cannot_be_read_any_more_is_told_and_stops_nobody(
    farm: Farm, trees: tuple[Path, Path], tmp_path: Path
) -> None:
    libraries, programs = trees
    push(farm, programs)
    kept = farm.trees.root
    farm.trees = type(farm.trees)(tmp_path / "elsewhere")
    programs.rename(tmp_path / "gone")
    found = stand(farm, str(libraries), farm.trees.resolve(str(libraries), None))
    assert kept.exists()
    assert {output.recipe for output in found.reading.outputs} == {"lib", "doc"}
    assert [refusal.recipe for refusal in found.reading.refusals] == ["programs"]
