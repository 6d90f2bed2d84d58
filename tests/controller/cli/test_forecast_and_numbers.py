"""``farm batch forecast`` and ``farm batch commit-numbers``, asked of a real controller."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.services import intake
from controller.services.farm import Farm
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.rows import draw_batch
from tests.kit.simulated_worker import SimulatedWorker

from .conftest import Type
from .serving import serving


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    farm = make_farm(tmp_path / "farm")
    yield farm
    farm.close()


@pytest.fixture
def told(typed: Type, farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    """Commands that find the real controller."""
    with serving(farm) as url:
        monkeypatch.setenv("FARM_SERVER", url)
        monkeypatch.setenv("FARM_TOKEN", farm.admin_token)
        yield typed


@pytest.fixture
def tree(farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree that was built, changed and built again; so B-2 has a number that its recipe does not say."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = eva\n\temail = eva@example.org\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(home))
    tree = tmp_path / "tree"
    for word in ("one", "two"):
        write_recipe(tree, "toy", script=(f"echo {word}",))
        commit(tree, word)
        intake.push(farm, str(tree), None, who="ana")
        SimulatedWorker(farm).finish()
    return tree


def git(tree: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(tree), *arguments], check=True, capture_output=True, text=True).stdout


def test_a_forecast_in_words_and_for_programs(told: Type, farm: Farm) -> None:
    draw_batch(farm, {"mkl": (), "numpy": ("mkl",)})
    draw_batch(farm, {"zlib": ()})
    said = told("batch", "forecast", "B-2").out
    assert "1 build: 10 m of work on linux-64." in said
    assert "on 1 linux-64 worker." in said
    assert "Durations: 1 guessed, since nothing like it was measured." in said
    assert "Nobody serves linux-64 now; one worker is assumed for each." in said
    assert "Waits for 2 jobs of B-1 before it." in said
    found = json.loads(told("batch", "forecast", "b-1", "-o", "json").out)
    assert [step["name"] for step in found["critical_path"]] == ["mkl", "numpy"]
    assert 0 < found["lower_seconds"] < found["middle_seconds"] < found["upper_seconds"]
    assert "build mkl → build numpy" in told("batch", "view", "B-1").out


def test_of_a_batch_that_has_its_verdict_nothing_is_left(told: Type, tree: Path) -> None:
    assert told("batch", "forecast", "B-2").out.strip() == "Nothing is left to be done."
    assert "expected when it was opened: " in told("batch", "view", "B-2").out


def test_the_patch_is_printed_and_nothing_is_committed(told: Type, tree: Path) -> None:
    refs = git(tree, "for-each-ref")
    said = told("batch", "commit-numbers", "B-2")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[:4] == [
        "diff --git a/toy/recipe.yaml b/toy/recipe.yaml", "--- a/toy/recipe.yaml", "+++ b/toy/recipe.yaml",
        "@@ -2,7 +2,7 @@",
    ]  # fmt: skip
    assert "-  number: 0\n+  number: 1\n" in said.out
    assert git(tree, "for-each-ref") == refs
    assert told("batch", "commit-numbers", "B-2", "--diff").out == said.out


def test_with_a_tree_it_is_a_commit_on_a_branch_of_its_own(told: Type, tree: Path) -> None:
    before = git(tree, "rev-parse", "main")
    said = told("batch", "commit-numbers", "B-2", "--tree", tree)
    assert (said.code, said.out.split()[0], said.out.split(": ")[1]) == (0, "farm/numbers-b-2", "1 recipe\n")
    assert "  number: 1\n" in git(tree, "show", "farm/numbers-b-2:toy/recipe.yaml")
    assert git(tree, "rev-parse", "main") == before == git(tree, "rev-parse", "farm/numbers-b-2~1")
    again = told("batch", "commit-numbers", "B-2", "--tree", tree)
    assert (again.code, again.out) == (0, "")
    assert "no number to write on farm/numbers-b-2" in again.err


def test_the_commit_of_the_numbers_rebuilds_nothing(told: Type, tree: Path, farm: Farm) -> None:
    told("batch", "commit-numbers", "B-2", "--tree", tree, "--branch", "numbers")
    assert intake.push(farm, str(tree), "numbers", who="ana").jobs == 0


def test_a_branch_can_be_pushed(told: Type, tree: Path, tmp_path: Path) -> None:
    git(tree, "init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    git(tree, "remote", "add", "origin", str(tmp_path / "origin.git"))
    said = told("batch", "commit-numbers", "B-2", "--tree", tree, "--push")
    assert said.out.endswith("1 recipe, pushed to origin\n")
    assert git(tmp_path / "origin.git", "for-each-ref", "--format=%(refname)") == "refs/heads/farm/numbers-b-2\n"


def test_a_batch_whose_recipes_say_their_numbers_has_nothing_to_write(told: Type, tree: Path) -> None:
    said = told("batch", "commit-numbers", "B-1")
    assert (said.code, said.out) == (0, "")
    assert "no number to write" in said.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--tree", "."), "no git repository"), (("--diff", "--push"), "commits nothing"),
        (("--branch", "x"), "Name a clone"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said(told: Type, tree: Path, words: tuple[str, ...], why: str) -> None:
    said = told("batch", "commit-numbers", "B-2", *words)
    assert said.code == 2
    assert why in said.err


def test_the_branch_one_works_on_is_not_moved_below_one(told: Type, tree: Path) -> None:
    said = told("batch", "commit-numbers", "B-2", "--tree", tree, "--branch", "main")
    assert said.code == 2
    assert "checked out" in said.err


def test_a_plan_tells_how_long_it_would_take(typed: Type, tree: Path) -> None:
    write_recipe(tree, "toy", script=("echo three",))
    commit(tree, "three")
    said = typed("plan", "--tree", tree)
    assert "Forecast\n  1 build, 1 test: 12 m of work on noarch." in said.out
    assert json.loads(typed("plan", "--tree", tree, "-o", "json").out)["forecast"]["basis"] == {"nothing": 2}
    assert "### Forecast" in typed("plan", "--tree", tree, "-o", "markdown").out
