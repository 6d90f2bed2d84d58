"""Two controllers push different commits of one recipe at the same moment: no file name is in both batches."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.services import intake
from controller.services.farm import Farm
from controller.storage import batches, jobs
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path / "farm", database_url)
    yield farm
    farm.close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """One recipe of one variant, and what that variant is of."""
    tree = tmp_path / "tree"
    write_recipe(tree, "toy")
    write_recipe(tree, "app", host=("toy",))
    vary(tree, "1.0")
    commit(tree, "begin")
    return tree


def vary(tree: Path, *versions: str) -> None:
    (tree / "variants.yaml").write_text(f"toy: {list(versions)}\n", encoding="utf-8")


def push_at_once(farm: Farm, folder: Path, tree: Path, *revs: str) -> list[str]:
    """Each by a process of its own; answers the batches."""
    gate, places = folder / "gate", [folder / f"controller-{rev}" for rev in revs]
    for place in places:
        place.mkdir(parents=True)
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.kit.pusher", place, farm.database.url, tree, rev, gate],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for place, rev in zip(places, revs, strict=True)
    ]  # fmt: skip
    until = time.monotonic() + 60
    while not all((place / "ready").exists() for place in places) and time.monotonic() < until:
        time.sleep(0.01)
    gate.touch()
    said = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0] * len(running), said
    return [out.strip() for out, _ in said]


def files_of(farm: Farm, batch: str) -> list[str]:
    with farm.reading() as session:
        rows = jobs.jobs_of_batch(session, batches.number_of(batch))
        return [f"{o['name']}-{o['version']}-{o['build']}" for row in rows if row.kind == "build" for o in row.outputs]


def test_two_commits_that_change_one_recipe_have_different_numbers(farm: Farm, tmp_path: Path, tree: Path) -> None:
    revs = []
    for word in ("one", "two", "three"):
        write_recipe(tree, "app", host=("toy",), script=(f"echo {word}",))
        revs.append(commit(tree, word))
    opened = push_at_once(farm, tmp_path / "pushing", tree, *revs)
    files = [file for batch in opened for file in files_of(farm, batch)]
    assert len(files) == 6
    assert len(set(files)) == 6


def test_two_commits_that_add_the_same_variant_do_not_make_one_file(farm: Farm, tmp_path: Path, tree: Path) -> None:
    """Both would keep the number of the sibling that stands."""
    intake.push(farm, str(tree), None, who="ana")
    SimulatedWorker(farm).finish()
    vary(tree, "1.0", "2.0")
    revs = [commit(tree, "add a variant")]
    (tree / "README").write_text("Nothing that a build knows of.", encoding="utf-8")
    revs.append(commit(tree, "and say so"))
    opened = push_at_once(farm, tmp_path / "pushing", tree, *revs)
    files = [file for batch in opened for file in files_of(farm, batch)]
    assert [file.rpartition("_")[0] for file in files] == [files[0].rpartition("_")[0]] * 2
    assert sorted(file.rpartition("_")[2] for file in files) == ["0", "1"]
