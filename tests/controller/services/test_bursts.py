"""Pushes that come soon after each other become one batch, and none is lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controller.domain.errors import TreeError
from controller.domain.priorities import Priority
from controller.services import bursts, intake
from controller.services.answers import pushes as answers
from controller.services.answers.batches import batch_view
from controller.services.farm import Farm
from controller.services.intake import Opened
from controller.storage import batches, pushes
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, git, write_recipe


class Tree:
    """Two recipes in a tree that asks for a window of a minute."""

    def __init__(self, farm: Farm, folder: Path) -> None:
        self.farm, self.folder = farm, folder
        write_recipe(folder, "lib")
        write_recipe(folder, "tool")
        self.says("coalesce_seconds = 60")

    def says(self, policy: str) -> None:
        (self.folder / "farm.toml").write_text(f"[tree.policy]\n{policy}\n")

    def commit(self, version: str, name: str = "lib") -> str:
        write_recipe(self.folder, name, version=version)
        return commit(self.folder, f"{name} {version}")

    def push(self, rev: str, priority: Priority = Priority.NORMAL, *, at_once: bool = False) -> Opened:
        return intake.push(self.farm, str(self.folder), rev, who="ana", priority=priority, at_once=at_once)

    def forward(self, seconds: float) -> None:
        self.farm.now.forward(seconds)  # type: ignore[attr-defined]
        bursts.open_due(self.farm)

    def batches(self) -> list[str]:
        with self.farm.reading() as session:
            return [row.name for row in reversed(batches.newest_batches(session, 20))]


@pytest.fixture
def tree(tmp_path: Path, database_url: str) -> Iterator[Tree]:
    farm = make_farm(tmp_path, database_url)
    yield Tree(farm, tmp_path / "tree")
    farm.close()


def test_a_burst_becomes_one_batch_at_its_newest_commit_that_names_every_push(tree: Tree) -> None:
    first, second, third = (tree.commit(version) for version in ("1.1", "1.2", "1.3"))
    for rev in (first, second, third):
        assert tree.push(rev).batch == ""
        tree.forward(20)
    assert tree.batches() == []
    tree.forward(41)
    assert tree.batches() == ["B-1"]
    view = batch_view(tree.farm, "B-1")
    assert view.commit == third
    assert [push.commit for push in view.pushes] == [first, second, third]
    assert view.title == "lib 1.3 (and 2 more pushes)"
    assert {tree.push(rev).batch for rev in (first, second, third)} == {"B-1"}


def test_a_push_that_waits_says_for_how_long_and_is_kept_once(tree: Tree) -> None:
    rev = tree.commit("1.1")
    opened = tree.push(rev)
    assert (opened.state, opened.waits_seconds) == ("waiting", 60.0)
    tree.forward(20)
    assert tree.push(rev).waits_seconds == 40.0
    (shown,) = answers.waiting(tree.farm)
    assert shown.sentence == "waits 40 s for more pushes"


def test_pushes_that_never_end_hold_a_batch_up_for_five_windows_and_no_longer(tree: Tree) -> None:
    revs = [tree.commit(f"1.{turn}") for turn in range(8)]
    for rev in revs:
        tree.push(rev)
        tree.forward(45)
    assert tree.batches() == ["B-1"]
    assert [push.commit for push in batch_view(tree.farm, "B-1").pushes] == revs[:7]


def test_a_tree_that_asks_for_no_window_has_its_batch_at_once(tree: Tree) -> None:
    tree.says("coalesce_seconds = 0")
    assert tree.push(tree.commit("1.1")).batch == "B-1"
    assert batch_view(tree.farm, "B-1").pushes == ()


def test_a_push_at_once_takes_with_it_what_waits_and_what_its_commit_holds(tree: Tree) -> None:
    first, second = tree.commit("1.1"), tree.commit("1.2")
    tree.push(first, Priority.HIGH)
    assert tree.push(second, at_once=True).batch == "B-1"
    tree.forward(600)
    assert tree.batches() == ["B-1"]
    view = batch_view(tree.farm, "B-1")
    assert [push.commit for push in view.pushes] == [first]
    assert view.priority == "high"
    assert tree.push(first).batch == "B-1"


def test_the_same_commit_at_once_is_opened_and_waits_no_more(tree: Tree) -> None:
    rev = tree.commit("1.1")
    tree.push(rev)
    assert tree.push(rev, at_once=True).batch == "B-1"
    tree.forward(600)
    assert (tree.batches(), answers.waiting(tree.farm)) == (["B-1"], ())


def test_branches_leave_each_other_alone(tree: Tree) -> None:
    begin = tree.commit("1.1")
    git(tree.folder, "checkout", "-q", "-b", "other")
    there = tree.commit("2.0", "tool")
    git(tree.folder, "checkout", "-q", begin)
    git(tree.folder, "checkout", "-q", "-b", "third")
    here = tree.commit("3.0", "tool")
    tree.push(there)
    tree.push(here)
    tree.forward(61)
    assert sorted(batch_view(tree.farm, name).commit for name in tree.batches()) == sorted([there, here])


def test_a_newer_commit_that_cannot_be_planned_holds_no_older_one_up_and_is_tried_again(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = tree.commit("1.1"), tree.commit("1.2")
    tree.push(good)
    tree.push(bad)
    real, broken = intake.stand, {bad}

    def stand(farm, url, rev):
        if rev in broken:
            raise TreeError("The mirror is out of reach.", remedy="Wait.")
        return real(farm, url, rev)

    monkeypatch.setattr(intake, "stand", stand)
    for _ in range(2):
        tree.forward(61)
    assert [batch_view(tree.farm, name).commit for name in tree.batches()] == [good]
    (behind,) = answers.waiting(tree.farm)
    assert behind.sentence == "it could not be planned and is tried again: The mirror is out of reach."
    broken.clear()
    tree.forward(61)
    assert [batch_view(tree.farm, name).commit for name in tree.batches()] == [good, bad]
    assert answers.waiting(tree.farm) == ()


def test_whoever_opens_it_first_a_burst_is_opened_once(tree: Tree) -> None:
    revs = [tree.commit("1.1"), tree.commit("1.2")]
    for rev in revs:
        tree.push(rev)
    tree.farm.now.forward(61)  # type: ignore[attr-defined]
    with ThreadPoolExecutor(2) as both:
        looped = both.submit(bursts.open_due, tree.farm)
        pushed = both.submit(tree.push, revs[1], at_once=True)
        looped.result()
        assert pushed.result().batch == "B-1"
    assert tree.batches() == ["B-1"]
    with tree.farm.reading() as session:
        assert pushes.waiting(session) == []


def test_the_states_of_a_plain_folder_form_a_burst_too(tree: Tree, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    write_recipe(folder, "lib")
    (folder / "farm.toml").write_text("[tree.policy]\ncoalesce_seconds = 60\n")
    intake.push(tree.farm, str(folder), None, who="ana")
    write_recipe(folder, "lib", version="1.1")
    intake.push(tree.farm, str(folder), None, who="ana")
    tree.forward(61)
    assert len(batch_view(tree.farm, "B-1").pushes) == 2
    assert tree.batches() == ["B-1"]


def test_a_push_that_is_kept_while_the_same_is_opened_at_once_belongs_to_that_batch(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    rev = tree.commit("1.1")
    real = intake.record

    def record(*given, **more):
        monkeypatch.setattr(intake, "record", real)
        tree.push(rev)
        return real(*given, **more)

    monkeypatch.setattr(intake, "record", record)
    assert tree.push(rev, at_once=True).batch == "B-1"
    assert answers.waiting(tree.farm) == ()
    assert tree.push(rev).batch == "B-1"
