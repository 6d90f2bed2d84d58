"""From push to restore, typed, against the real application; only the worker is simulated."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from controller.cli.data_folder import leave_note
from controller.services.farm import Farm
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker

from .conftest import Type
from .serving import serving


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    farm = make_farm(tmp_path / "data")
    yield farm
    farm.close()


@pytest.fixture
def beside(farm: Farm, tmp_path: Path, typed: Type) -> Iterator[Type]:
    """Commands beside a data folder that has a note and a token, as ``farm up`` leaves them."""
    with serving(farm) as url:
        leave_note(tmp_path / "data", url)
        (tmp_path / "data" / "admin-token").write_text("admin-secret\n", encoding="utf-8")
        yield lambda *words: typed("--data", tmp_path / "data", *words)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tmp_path / "tree"


def recipe(tree: Path, name: str, run: tuple[str, ...] = ()) -> None:
    write_recipe(tree, name, run=run)
    commit(tree, f"{name} begins")


def test_push_watch_promote_and_take_back(farm: Farm, beside: Type, tree: Path) -> None:
    recipe(tree, "lib")
    pushed = beside("push", tree, "-m", "lib begins", "-o", "json")
    assert (pushed.code, json.loads(pushed.out)["batch"], json.loads(pushed.out)["jobs"]) == (0, "B-1", 2)
    assert beside("push", tree).out == "B-1: 2 jobs, running (pushed before; this is its batch)\n"
    assert beside("batch", "promote", "B-1", "-y").code == 1

    SimulatedWorker(farm).finish()
    watched = beside("batch", "watch", "B-1", "--exit-status")
    assert (watched.code, watched.out) == (0, "")
    assert "B-1 passed" in watched.err

    unsure = beside("batch", "promote", "B-1")
    assert (unsure.code, unsure.out) == (2, "")
    assert "Add --yes" in unsure.err
    assert beside("batch", "promote", "B-1", "-y", "--why", "reviewed", "-o", "name").out == "stable@1\n"
    assert yaml.safe_load(beside("promotion", "list", "-o", "yaml").out)[0]["why"] == "reviewed"

    assert beside("promotion", "restore", "stable@1", "-n").code == 0
    assert beside("batch", "list", "--state", "promoted", "-o", "name").out == "B-1\n"
    assert beside("promotion", "restore", "stable@1", "-y", "--why", "it crashes").code == 0
    snapshots = json.loads(beside("channel", "snapshots", "stable", "-o", "json").out)
    assert [(s["number"], s["act"], s["files"]) for s in snapshots if s["number"]] == [
        (2, "restore", 0), (1, "promote", 1),
    ]  # fmt: skip


def test_what_a_gate_refuses_ends_with_6_names_the_gate_and_changes_nothing(
    farm: Farm, beside: Type, tree: Path
) -> None:
    for name, run in (("lib", ()), ("app", ("lib",))):
        recipe(tree, name, run)
        assert beside("push", tree).code == 0
        SimulatedWorker(farm).finish()
    refused = beside("batch", "promote", "B-2", "-y")
    assert refused.code == 6
    assert "needs 'lib', which would not be there" in refused.out
    assert "B-2 may not go to stable: closed." in refused.err
    assert "next: See `farm batch view B-2`" in refused.err
    assert beside("promotion", "list", "-o", "name").out.count("stable@") == 0


def test_a_batch_that_failed_ends_the_watch_with_8_and_can_be_tried_again(farm: Farm, beside: Type, tree: Path) -> None:
    recipe(tree, "lib")
    beside("push", tree)
    SimulatedWorker(farm, fail={("build", "lib")}).finish()
    watched = beside("batch", "watch", "B-1", "--exit-status")
    assert watched.code == 8
    assert "failed      build   lib" in watched.err
    assert beside("batch", "watch", "B-1").code == 0

    assert beside("job", "retry", "J-1", "-o", "name").out == "J-1\n"
    assert "J-2" in beside("batch", "view", "B-1", "-o", "name").out
    SimulatedWorker(farm).finish()
    assert beside("batch", "watch", "B-1", "--exit-status").code == 0
    assert beside("job", "logs", "J-1").code == 0


def test_only_the_token_lets_anybody_change_anything(
    farm: Farm, beside: Type, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe(tree, "lib")
    beside("push", tree)
    monkeypatch.setenv("FARM_TOKEN", "wrong")
    refused = beside("batch", "cancel", "B-1", "-y")
    assert (refused.code, refused.out) == (4, "")
    assert "FARM_TOKEN" in refused.err
    assert beside("batch", "view", "B-1").code == 0  # looking is free
    said = beside("batch", "cancel", "B-1", "-y", "--token-file", tmp_path / "data" / "admin-token")
    assert (said.code, said.out) == (0, "B-1 is cancelled\n")


@pytest.mark.parametrize(
    "words",
    [
        ["batch", "view", "B-99"], ["batch", "cancel", "B-99", "-y"], ["job", "view", "J-99"], ["job", "logs", "J-99"],
        ["promotion", "restore", "stable@99", "-y"], ["channel", "snapshots", "nowhere"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_is_not_there_ends_with_5_and_says_where_to_look(beside: Type, words: list[str]) -> None:
    said = beside(*words)
    assert (said.code, said.out) == (5, "")
    assert "  next: See `farm " in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["batch", "view", "openssl"], ["batch", "view", ""], ["batch", "view", "../channels"], ["job", "view", "B-1"],
        ["batch", "cancel", "B-1/../B-2", "-y"], ["promotion", "restore", "B-1", "-y"], ["batch", "view", "B-1?x=y"],
        ["batch", "list", "--state", "nice"], ["batch", "list", "--limit", "0"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_makes_no_sense_ends_with_2_and_says_how_it_should_look(beside: Type, words: list[str]) -> None:
    said = beside(*words)
    assert (said.code, said.out) == (2, "")
    assert "  next: " in said.err
    assert "^[" not in said.err  # a pattern tells nobody anything
