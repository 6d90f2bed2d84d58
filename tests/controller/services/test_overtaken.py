"""Batches in flight at once: what one publishes may move the ground under another."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.domain.batches import BatchState
from controller.domain.channels import TESTING
from controller.domain.errors import FarmError
from controller.domain.pauses import PauseKind
from controller.services import intake, overtaken, pausing
from controller.services.farm import Farm
from controller.storage import batches, channels, jobs
from controller.storage.batches import BatchRow
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, git, write_recipe
from tests.kit.simulated_worker import SimulatedWorker


class Both:
    """Two trees of one farm, and a worker that may leave the jobs of some batches alone."""

    def __init__(self, farm: Farm, folder: Path) -> None:
        self.farm, self.low, self.high = farm, folder / "low", folder / "high"
        self.worker = SimulatedWorker(farm)
        for tree in (self.low, self.high):
            write_recipe(tree, f"beside-{tree.name}")
        self.lib("1.0")
        self.user("1.0")
        for tree in (self.low, self.high):
            self.push(tree)
        self.worker.finish()

    def lib(self, version: str) -> None:
        major = int(version.partition(".")[0])
        write_recipe(self.low, "lib", version=version, exports=(f"lib >={major},<{major + 1}",))

    def user(self, version: str, name: str = "user") -> None:
        write_recipe(self.high, name, version=version, host=("lib",))

    def push(self, tree: Path) -> str:
        return intake.push(self.farm, str(tree), commit(tree, "a change"), who="ana").batch

    def finish(self, batch: str) -> None:
        """Do the jobs of one batch, and give it its verdict, while all others are paused."""
        with self.farm.reading() as session:
            running = [f"B-{number}" for number in batches.batches_in(session, BatchState.RUNNING)]
        others = [other for other in running if other != batch]
        for other in others:
            pausing.pause(self.farm, PauseKind.BATCH, other, who="ana")
        self.worker.finish()
        for other in others:
            pausing.resume(self.farm, PauseKind.BATCH, other, who="ana")

    def look(self) -> None:
        self.farm.now.forward(60)  # type: ignore[attr-defined]
        overtaken.begin_again_due(self.farm)

    def row(self, batch: str) -> BatchRow:
        with self.farm.reading() as session:
            return batches.find_batch(session, batch)

    def jobs(self, batch: str) -> list[tuple[str, str, str]]:
        with self.farm.reading() as session:
            rows = jobs.jobs_of_batch(session, batches.number_of(batch))
        return [(row.kind, row.name, row.state) for row in rows]

    def testing(self) -> set[str]:
        with self.farm.reading() as session:
            rows = channels.files_in(session, TESTING, channels.current_of(session, TESTING))
        return {f"{row.name}-{row.version}" for row in rows}

    def stays(self, batch: str) -> dict[str, str]:
        """Package to why it stays, its build hash left out."""
        return {left["name"]: re.sub(r"h[0-9a-f]{7}_", "BUILD_", left["reason"]) for left in self.row(batch).stays}


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[Both]:
    farm = make_farm(tmp_path, database_url)
    farm.rules = replace(farm.rules, trees=(str(tmp_path / "low"), str(tmp_path / "high")))
    yield Both(farm, tmp_path)
    farm.close()


def test_of_two_batches_with_the_same_recipe_the_older_leaves_the_newer_in_its_place(both: Both) -> None:
    both.user("2.0")
    older = both.push(both.high)
    assert both.worker.step()  # what has begun is not superseded
    both.user("3.0")
    newer = both.push(both.high)
    both.finish(newer)
    both.finish(older)
    assert "user-2.0" not in both.testing()
    assert both.stays(older) == {"user": "testing has got 3.0 BUILD_0 of it meanwhile, which is no older."}
    assert both.row(older).again == ""


def test_a_batch_that_is_opened_later_holds_what_the_older_one_leaves_behind(both: Both) -> None:
    both.user("2.0")
    older = both.push(both.high)
    both.lib("2.0")
    newer = both.push(both.low)
    both.finish(newer)
    both.finish(older)
    assert (both.row(newer).state, both.row(older).state) == ("passed", "cancelled")
    assert both.stays(older) == {"user": "testing has got 2.0 BUILD_1 of it meanwhile, which is no older."}


def overtake(both: Both) -> tuple[str, str]:
    """A new tool is built on a library, whose next version is published first, without the tool."""
    both.user("1.0", name="tool")
    older = both.push(both.high)
    assert both.worker.step()
    both.lib("2.0")
    newer = both.push(both.low)
    both.worker.fail = {("build", "high:tool")}
    both.finish(newer)
    both.worker.fail = set()
    assert "lib-2.0" in both.testing()
    return older, newer


def test_what_was_built_on_an_overtaken_library_stays_behind_and_says_why(both: Both) -> None:
    older, _ = overtake(both)
    both.finish(older)
    assert both.row(older).state == "cancelled"
    assert "tool-1.0" not in both.testing()
    assert both.stays(older) == {
        "tool": "It was built while testing had lib 1.0 BUILD_1; 2.0 BUILD_0 has come since, "
        "which its 'lib >=1,<2' excludes."
    }


def test_only_what_was_overtaken_is_built_again_by_itself_once_nothing_later_is_under_way(both: Both) -> None:
    older, _ = overtake(both)
    both.finish(older)
    assert both.row(older).again == "due"
    both.look()
    again = both.row(older).again
    assert {(kind, name) for kind, name, _ in both.jobs(again)} == {("build", "tool"), ("test", "tool")}
    assert both.row(again).title == f"{older} again: others were published first"
    both.finish(again)
    assert (both.row(again).state, "tool-1.0" in both.testing()) == ("passed", True)
    both.look()
    assert both.row(older).again == again


def test_what_cannot_be_planned_for_a_while_is_planned_later(both: Both) -> None:
    older, _ = overtake(both)
    both.finish(older)
    mirrors, away = tuple((both.farm.trees.root / folder) for folder in ("mirrors", "mirrors-away"))
    mirrors.rename(away)
    with pytest.raises(FarmError):
        both.look()
    assert both.row(older).again == "due"
    away.rename(mirrors)
    both.look()
    assert both.row(older).again.startswith("B-")


def test_while_something_later_is_under_way_nothing_begins_again(both: Both) -> None:
    older, _ = overtake(both)
    both.finish(older)
    write_recipe(both.high, "beside-high", version="2.0")
    later = both.push(both.high)
    both.look()
    assert both.row(older).again == "due"
    both.finish(later)
    both.look()
    assert (both.row(older).again, "tool-1.0" in both.testing()) == ("none", True)


def test_what_came_from_another_branch_and_excludes_what_a_batch_brings_keeps_it_back(both: Both) -> None:
    both.lib("2.0")
    slow = both.push(both.low)
    while ("build", "lib") not in both.worker.done[-1:]:
        both.worker.step()
    git(both.low, "checkout", "-q", "-b", "other", "HEAD~1")
    write_recipe(both.low, "tool", host=("lib",))
    quick = both.push(both.low)
    both.finish(quick)
    both.finish(slow)
    assert ("tool-1.0" in both.testing(), "lib-2.0" in both.testing()) == (True, False)
    assert both.stays(slow)["lib"] == "tool 1.0 BUILD_0 came meanwhile, and its 'lib >=1,<2' excludes it."


def test_what_others_publish_beside_it_changes_nothing(both: Both) -> None:
    write_recipe(both.low, "beside-low", version="2.0")
    slow = both.push(both.low)
    before = both.jobs(slow)
    git(both.low, "checkout", "-q", "-b", "other", "HEAD~1")
    write_recipe(both.low, "apart")
    both.finish(both.push(both.low))
    both.finish(slow)
    assert len(both.jobs(slow)) == len(before)
    assert (both.row(slow).state, both.row(slow).again) == ("passed", "")
