"""A newer push ends what an older one of its branch has not started and would do in vain; all else goes on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.services import intake
from controller.services.answers.batches import batch_view
from controller.services.answers.jobs import job_view
from controller.services.farm import Farm
from controller.storage import batches, edges, jobs
from controller.storage.jobs import JobRow
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, git, write_recipe
from tests.kit.simulated_worker import SimulatedWorker


class Tree:
    """A library, what is built with it, and one apart, pushed again and again."""

    def __init__(self, farm: Farm, folder: Path) -> None:
        self.farm, self.folder, self.worker = farm, folder, SimulatedWorker(farm)
        write_recipe(folder, "lib", exports=("lib >=1,<2",))
        write_recipe(folder, "user", host=("lib",))
        write_recipe(folder, "apart")

    def push(self, message: str = "a change") -> str:
        return intake.push(self.farm, str(self.folder), commit(self.folder, message), who="ana").batch

    def states(self, batch: str) -> dict[tuple[str, str], str]:
        with self.farm.reading() as session:
            rows = jobs.jobs_of_batch(session, batches.number_of(batch))
        return {(row.kind, row.name): row.state for row in rows}

    def messages(self, batch: str) -> dict[tuple[str, str], str]:
        with self.farm.reading() as session:
            rows = jobs.jobs_of_batch(session, batches.number_of(batch))
        return {(row.kind, row.name): row.message for row in rows if row.state == "cancelled"}


@pytest.fixture
def tree(tmp_path: Path, database_url: str) -> Iterator[Tree]:
    farm = make_farm(tmp_path, database_url)
    yield Tree(farm, tmp_path / "tree")
    farm.close()


def test_what_is_built_otherwise_by_a_newer_push_is_not_begun_and_says_by_which(tree: Tree) -> None:
    older = tree.push()
    write_recipe(tree.folder, "user", version="2.0", host=("lib",))
    newer = tree.push()
    assert tree.messages(older) == {
        ("build", "user"): f"superseded by {newer}: user 1.0 becomes 2.0",
        ("test", "user"): f"superseded by {newer}: what it waits for is built otherwise there",
    }
    assert set(tree.states(newer).values()) == {"ready", "waiting"}
    with tree.farm.reading() as session:
        (build,) = [row for row in jobs.jobs_named(session, batches.number_of(older), "user") if row.kind == "build"]
    assert job_view(tree.farm, build.public).sentence == f"Superseded by {newer}: user 1.0 becomes 2.0"


def test_what_it_did_not_change_goes_on_and_is_published(tree: Tree) -> None:
    older = tree.push()
    write_recipe(tree.folder, "user", version="2.0", host=("lib",))
    newer = tree.push()
    tree.worker.finish()
    states = tree.states(older)
    assert {states["test", "lib"], states["test", "apart"]} == {"passed"}
    view = batch_view(tree.farm, older)
    assert [(left.name, left.reason) for left in view.stays] == [
        ("user", f"Superseded by {newer}: user 1.0 becomes 2.0.")
    ]
    assert batch_view(tree.farm, newer).state == "passed"


def test_what_runs_goes_on_to_its_end(tree: Tree) -> None:
    older = tree.push()
    claim = tree.worker.claim()
    assert claim is not None
    running = claim.spec.order.recipe  # type: ignore[union-attr]
    write_recipe(tree.folder, running, version="2.0")
    tree.push()
    assert tree.states(older)["build", running] == "running"
    tree.worker.do(claim)
    assert tree.states(older)["build", running] == "passed"


def test_a_recipe_of_the_same_version_with_another_text_is_built_otherwise(tree: Tree) -> None:
    older = tree.push()
    write_recipe(tree.folder, "apart", script=("true",))
    newer = tree.push()
    assert tree.messages(older)["build", "apart"] == f"superseded by {newer}: the recipe of apart changed again"


def test_all_that_waits_for_it_is_ended_with_it(tree: Tree) -> None:
    older = tree.push()
    write_recipe(tree.folder, "lib", version="1.5", exports=("lib >=1,<2",))
    tree.push()
    assert set(tree.messages(older)) == {(kind, name) for kind in ("build", "test") for name in ("lib", "user")}


def test_another_branch_leaves_it_alone(tree: Tree) -> None:
    git_begin(tree)
    write_recipe(tree.folder, "apart", version="2.0")
    first = tree.push()
    git(tree.folder, "checkout", "-q", "-b", "other", "HEAD~1")
    write_recipe(tree.folder, "apart", version="3.0")
    tree.push("on another branch")
    assert tree.messages(first) == {}


def git_begin(tree: Tree) -> None:
    tree.push("the beginning")
    tree.worker.finish()


def test_a_tree_that_says_never_keeps_all(tree: Tree) -> None:
    (tree.folder / "farm.toml").write_text('[tree.policy]\nsupersede = "never"\n', encoding="utf-8")
    older = tree.push()
    write_recipe(tree.folder, "apart", version="2.0")
    tree.push()
    assert tree.messages(older) == {}


def test_the_same_push_again_supersedes_nothing(tree: Tree) -> None:
    first = tree.push()
    again = intake.push(tree.farm, str(tree.folder), git(tree.folder, "rev-parse", "HEAD"), who="bob")
    assert (again.batch, again.again, tree.messages(first)) == (first, True, {})


def test_a_batch_in_which_all_was_superseded_ends_and_tells_it(tree: Tree) -> None:
    git_begin(tree)
    write_recipe(tree.folder, "apart", version="2.0")
    older = tree.push()
    write_recipe(tree.folder, "apart", version="3.0")
    tree.push()
    tree.worker.finish()
    view = batch_view(tree.farm, older)
    assert (view.state, view.verdict) == ("cancelled", "Nothing is published; 1 file left behind.")


def test_nobody_claims_what_is_being_superseded(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    if tree.farm.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    older = tree.push()
    write_recipe(tree.folder, "apart", version="2.0")
    look, taken = edges.open_below, list[str]()

    def look_and_claim(*given: Any) -> list[JobRow]:
        rows = look(*given)
        while (claim := tree.worker.claim()) is not None:
            taken.append(claim.spec.job)
        return rows

    monkeypatch.setattr(edges, "open_below", look_and_claim)
    tree.push()
    assert tree.states(older)["build", "apart"] == "cancelled"
    assert [job_view(tree.farm, job).name for job in taken] == ["lib"]
