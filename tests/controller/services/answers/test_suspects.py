"""A broken job names the changes that can have broken it, and no others that came with them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.services import intake
from controller.services.answers.jobs import job_view
from controller.services.farm import Farm
from controller.storage import batches, jobs
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


def test_of_three_changes_that_came_together_the_two_that_reach_it_are_named(farm: Farm, tmp_path: Path) -> None:
    tree, worker = tmp_path / "tree", SimulatedWorker(farm)
    for major in (1, 2):
        version = f"{major}.0"
        write_recipe(tree, "low", version=version, exports=(f"low >={major},<{major + 1}",))
        write_recipe(tree, "mid", host=("low",), exports=("mid >=1,<2",))
        write_recipe(tree, "other", version=version, exports=(f"other >={major},<{major + 1}",))
        write_recipe(tree, "apart", version=version)
        write_recipe(tree, "user", host=("mid", "other"))
        commit(tree, version)
        opened = intake.push(farm, str(tree), None, who="ana")
        worker.fail = {("test", "user")} if major == 2 else set()
        worker.finish()
    with farm.reading() as session:
        rows = jobs.jobs_named(session, batches.number_of(opened.batch), "user")
    (broken,) = [row.public for row in rows if row.kind == "test" and row.state == "failed"]
    said = job_view(farm, broken).suspects
    assert said.startswith("Any of 2 changes can have broken it")
    assert {name for name in ("low", "other", "apart") if name in said} == {"low", "other"}
    (passed,) = [row.public for row in rows if row.kind == "build"]
    assert job_view(farm, passed).suspects == ""
