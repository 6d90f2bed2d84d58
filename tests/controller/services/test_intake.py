"""From a pushed tree to a batch: once per commit, numbers never used twice, on what testing holds now."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from controller.domain.channels import TESTING
from controller.domain.errors import FarmError, IllegalMoveError, TreeError
from controller.gateways.checkouts import Checkout
from controller.gateways.trees import Trees
from controller.services import channels, intake, numbering, requests
from controller.services.farm import Farm, Rules
from controller.storage import artifacts, batches, jobs
from controller.storage import channels as stored
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """One recipe, committed."""
    write_recipe(tmp_path / "tree", "one")
    commit(tmp_path / "tree", "one begins")
    return tmp_path / "tree"


def push(farm: Farm, tree: Path) -> intake.Opened:
    return intake.push(farm, str(tree), None, who="ana")


def plan_of(farm: Farm, batch: str) -> list[tuple[str, str, str]]:
    """Kind, name and state of every job."""
    with farm.reading() as session:
        rows = jobs.jobs_of_batch(session, batches.number_of(batch))
        return sorted((row.kind, row.name, row.state) for row in rows)


def files_of(farm: Farm, batch: str) -> list[str]:
    """What the batch's builds are to make."""
    with farm.reading() as session:
        rows = jobs.jobs_of_batch(session, batches.number_of(batch))
        return sorted(file["file_name"] for row in rows if row.kind == "build" for file in row.order["files"])


def test_a_push_becomes_one_batch_of_builds_and_their_tests(farm: Farm, tree: Path) -> None:
    opened = push(farm, tree)
    assert (opened.batch, opened.state, opened.jobs, opened.again) == ("B-1", "running", 2, False)
    assert plan_of(farm, opened.batch) == [("build", "one", "ready"), ("test", "one", "waiting")]
    with farm.reading() as session:
        row = batches.find_batch(session, opened.batch)
        assert (row.title, row.author) == ("one begins", "ana")


def test_the_same_commit_again_answers_the_same_batch(farm: Farm, tree: Path) -> None:
    first = push(farm, tree)
    again = push(farm, tree)
    assert again.again
    assert (again.batch, again.change, again.commit, again.jobs) == (first.batch, first.change, first.commit, 2)
    with farm.reading() as session:
        assert len(batches.newest_batches(session, 10)) == 1


@dataclass(frozen=True)
class WatchedCheckout(Checkout):
    """Something happens whenever a plan is about to be kept."""

    before: Callable[[], object] = int

    def archive(self, folder: str) -> bytes:
        self.before()
        return super().archive(folder)


@dataclass(frozen=True)
class WatchedTrees(Trees):
    before: Callable[[], object]

    def open(self, url: str, commit: str) -> Checkout:
        found = super().open(url, commit)
        return WatchedCheckout(
            **{entry.name: getattr(found, entry.name) for entry in fields(found)}, before=self.before
        )


def test_one_commit_pushed_twice_at_once_is_one_batch(farm: Farm, tree: Path) -> None:
    barrier = Barrier(2)
    farm.trees = WatchedTrees(farm.trees.root, lambda: barrier.wait(60))
    with ThreadPoolExecutor(2) as both:
        first, second = both.map(lambda _: push(farm, tree), range(2))
    assert first.batch == second.batch
    assert sorted((first.again, second.again)) == [False, True]


def test_a_bad_recipe_is_refused_with_its_place_and_the_others_are_planned(farm: Farm, tree: Path) -> None:
    (tree / "bad").mkdir()
    (tree / "bad" / "recipe.yaml").write_text("package:\n  name: bad\n version: 1\n", encoding="utf-8")
    commit(tree, "a bad one too")
    opened = push(farm, tree)
    assert [name for _, name, _ in plan_of(farm, opened.batch)] == ["one", "one"]
    with farm.reading() as session:
        refusals = batches.find_batch(session, opened.batch).plan["refusals"]
    assert [(refusal["file"], bool(refusal["cause"])) for refusal in refusals] == [("bad/recipe.yaml", True)]


def test_a_large_plan_is_held_until_somebody_releases_it(farm: Farm, tree: Path) -> None:
    farm.rules = Rules(subdirs=("linux-64",), noarch_pool="linux-64", circuit_breaker_jobs=1)
    opened = push(farm, tree)
    worker = SimulatedWorker(farm)
    assert opened.state == "held"
    assert worker.finish() == []
    requests.release(farm, opened.batch, who="eva", why="I looked at it")
    assert worker.finish() == [("build", "one"), ("test", "one")]
    with farm.reading() as session:
        assert batches.find_batch(session, opened.batch).state == "passed"
    with pytest.raises(IllegalMoveError):
        requests.release(farm, opened.batch, who="eva")


def test_an_unchanged_tree_plans_nothing_once_it_is_published(farm: Farm, tree: Path) -> None:
    push(farm, tree)
    worker = SimulatedWorker(farm)
    worker.finish()
    (tree / "README").write_text("words beside the recipes", encoding="utf-8")
    commit(tree, "words")
    opened = push(farm, tree)
    assert (opened.batch, opened.jobs) == ("B-2", 0)
    assert worker.finish() == []
    with farm.reading() as session:
        assert batches.find_batch(session, opened.batch).state == "passed"
        assert stored.current_of(session, TESTING) == 1


def test_a_changed_recipe_of_the_same_version_gets_the_next_build_number(farm: Farm, tree: Path) -> None:
    old = files_of(farm, push(farm, tree).batch)
    worker = SimulatedWorker(farm)
    worker.finish()
    write_recipe(tree, "one", script=("echo more",))
    commit(tree, "more")
    new = files_of(farm, push(farm, tree).batch)
    assert [name.removesuffix(".conda").rsplit("_", 1) for name in (*old, *new)] == [
        [old[0].rsplit("_", 1)[0], "0"], [old[0].rsplit("_", 1)[0], "1"],
    ]  # fmt: skip
    worker.finish()
    with farm.reading() as session:
        assert stored.names_in(session, TESTING, 2) == {f"noarch/{name}" for name in (*old, *new)}


def test_a_number_once_assigned_is_never_given_again_though_nothing_was_built(farm: Farm, tree: Path) -> None:
    first = push(farm, tree)
    requests.cancel(farm, first.batch, who="eva")
    write_recipe(tree, "one", script=("echo again",))
    commit(tree, "again")
    second = push(farm, tree)
    assert not set(files_of(farm, first.batch)) & set(files_of(farm, second.batch))


def test_two_pushes_at_once_never_share_a_number(farm: Farm, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both would read the ledger before either has written it, if they could."""
    push(farm, tree)
    second = _commit_another(tree, "again")
    third = _commit_another(tree, "and again")
    together, real = Barrier(2), numbering.assign

    def assign(*given: Any) -> dict[tuple[str, str, str], int]:
        numbers = real(*given)
        with suppress(BrokenBarrierError):
            together.wait(0.5)
        return numbers

    monkeypatch.setattr(numbering, "assign", assign)
    with ThreadPoolExecutor(2) as both:
        opened = list(both.map(lambda rev: intake.push(farm, str(tree), rev, who="ana"), (second, third)))
    assert len({file for batch in opened for file in files_of(farm, batch.batch)}) == 2


def _commit_another(tree: Path, word: str) -> str:
    write_recipe(tree, "one", script=(f"echo {word}",))
    return commit(tree, word)


def test_a_preview_shows_the_plan_and_assigns_nothing(farm: Farm, tree: Path) -> None:
    plan = intake.preview(farm, str(tree), None)
    assert [job.kind.value for job in plan.jobs] == ["build", "test"]
    with farm.reading() as session:
        assert not batches.newest_batches(session, 10)
        assert artifacts.ledger(session, ["one"]) == {}
    assert files_of(farm, push(farm, tree).batch) == [plan.jobs[0].outputs[0].file_name]


def test_a_tree_that_is_not_there_leaves_nothing_behind(farm: Farm, tmp_path: Path) -> None:
    with pytest.raises(TreeError):
        push(farm, tmp_path / "nowhere")
    with farm.reading() as session:
        assert not batches.newest_batches(session, 10)


def restless(farm: Farm, moves: list[str]) -> Trees:
    """Whenever a plan is about to be kept, testing moves, as often as ``moves`` has entries."""

    def move() -> None:
        if moves:
            with farm.transaction() as session:
                channels.publish(farm, session, TESTING, [], batch_id=None, who="test", why=moves.pop())

    return WatchedTrees(farm.trees.root, move)


def test_when_testing_moves_meanwhile_the_plan_is_made_again(farm: Farm, tree: Path) -> None:
    farm.trees = restless(farm, ["once", "twice"])
    opened = push(farm, tree)
    assert plan_of(farm, opened.batch) == [("build", "one", "ready"), ("test", "one", "waiting")]
    with farm.reading() as session:
        assert stored.current_of(session, TESTING) == 2
        assert len(batches.newest_batches(session, 10)) == 1


def test_when_testing_never_rests_the_push_is_refused_and_may_come_again(farm: Farm, tree: Path) -> None:
    farm.trees = restless(farm, ["again"] * 5)
    with pytest.raises(FarmError, match="moved each time"):
        push(farm, tree)
    assert not push(farm, tree).again
