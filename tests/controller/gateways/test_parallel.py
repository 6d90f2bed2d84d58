"""Many recipes at once, in real processes: the same as one by one, and whoever brings a process down is alone in it."""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from controller.gateways import parallel
from controller.gateways.bodies import readings_of
from controller.gateways.parallel import Done, Task, read_many, read_share
from controller.gateways.tree_readings import open_folder
from tests.kit.recipe_trees import write_recipe


def tasks(tree: Path, number: int) -> list[Task]:
    for at in range(number):
        write_recipe(tree, f"r{at}")
    checkout = open_folder(tree, "")
    recipes = checkout.recipes(checkout.places.values())
    return [Task(name, recipe, "linux-64") for name, recipe in recipes.items()]


def deadly_share(some: Sequence[Task]) -> list[Done]:
    """Two recipes end their process, one never ends."""
    for task in some:
        if task.key in {"r7", "r33"}:
            os.kill(os.getpid(), signal.SIGKILL)
        if task.key == "r20":
            signal.alarm(1)
            time.sleep(60)
    return read_share(some)


def test_processes_read_the_same_as_one_by_one(tmp_path: Path) -> None:
    asked = tasks(tmp_path, parallel.FEW + 5)
    together = {done.key: done.body for done in read_many(asked, len(asked), processes=2)}
    assert together == {done.key: done.body for done in read_share(asked)}


def test_few_are_read_in_this_very_process(tmp_path: Path) -> None:
    seen: list[int] = []

    def share(some: Sequence[Task]) -> list[Done]:
        seen.append(os.getpid())
        return []

    assert list(read_many(tasks(tmp_path, 2), 2, share=share)) == []
    assert seen == [os.getpid()]


@pytest.mark.timeout(120)
def test_a_recipe_that_ends_its_process_or_never_ends_is_refused_alone(tmp_path: Path) -> None:
    asked = tasks(tmp_path, parallel.FEW + 5)
    done = {one.key: one for one in read_many(asked, len(asked), processes=2, share=deadly_share)}
    assert done.keys() == {task.key for task in asked}
    lost = {key for key, one in done.items() if not one.lasts}
    assert lost == {"r7", "r33", "r20"}
    (refusal,) = readings_of({"r7": done["r7"].body})["r7"].refusals
    assert (refusal.recipe, refusal.file, bool(refusal.remedy)) == ("r7", "r7/recipe.yaml", True)
    assert all(
        reading.outputs for key, reading in readings_of({k: d.body for k, d in done.items()}).items() if key not in lost
    )


def deadly_third_share(some: Sequence[Task]) -> list[Done]:
    """One recipe of the third share ends its process, while whoever asked is busy with the first."""
    if any(task.key == "r20" for task in some):
        os.kill(os.getpid(), signal.SIGKILL)
    return read_share(some)


@pytest.mark.timeout(120)
def test_a_process_may_die_while_its_caller_is_busy_with_what_came_before(tmp_path: Path) -> None:
    asked = sorted(tasks(tmp_path, parallel.FEW + 20), key=lambda task: int(task.key[1:]))
    done: list[Done] = []
    for one in read_many(asked, len(asked), processes=2, share=deadly_third_share):
        time.sleep(0 if done else 3)
        done.append(one)
    assert sorted(one.key for one in done) == sorted(task.key for task in asked)
    assert [one.key for one in done if not one.lasts] == ["r20"]
