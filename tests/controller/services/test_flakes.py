"""A test that failed and passed alone, on the same file, is counted; nothing else is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.services import flakes, intake
from controller.services.farm import Farm
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import Job, SimulatedWorker


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


def run(farm: Farm, tree: Path, version: str, flaky: set[Job], fail: frozenset[Job] = frozenset()) -> None:
    write_recipe(tree, "one", version=version)
    commit(tree, version)
    intake.push(farm, str(tree), None, who="ana")
    SimulatedWorker(farm, flaky=flaky, fail=set(fail)).finish()


def test_flakes_are_counted_among_all_runs_with_the_last_line(farm: Farm, tmp_path: Path) -> None:
    for version, flaky in (("1.0", set()), ("2.0", {("test", "one")}), ("3.0", set()), ("4.0", {("test", "one")})):
        run(farm, tmp_path / "tree", version, flaky)
    (row,) = flakes.seen(farm)
    assert (row.recipe, row.name, row.subdir, row.runs, row.flakes) == ("one", "one", "noarch", 4, 2)
    assert (row.line, row.job) == ("E   AssertionError: the clock stood still", "J-8")


def test_what_fails_alone_too_is_no_flake(farm: Farm, tmp_path: Path) -> None:
    run(farm, tmp_path / "tree", "1.0", set(), frozenset({("test", "one")}))
    assert flakes.seen(farm) == []


def test_a_build_that_was_repeated_is_no_flake(farm: Farm, tmp_path: Path) -> None:
    write_recipe(tmp_path / "tree", "one")
    commit(tmp_path / "tree", "one")
    intake.push(farm, str(tmp_path / "tree"), None, who="ana")
    worker = SimulatedWorker(farm, lose={("build", "one"), ("test", "one")})
    worker.finish()
    assert flakes.seen(farm) == []
