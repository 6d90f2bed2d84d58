"""The decision asked on the command line, with no service up."""

import json
from pathlib import Path

import pytest

from controller.cli.output import MISUSE, NOT_FOUND
from tests.kit.recipe_trees import commit, write_recipe

from .conftest import Type


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    write_recipe(tree, "low", version="1.0", exports=("low >=1.0,<2.0a0",))
    write_recipe(tree, "high", host=("low",))
    write_recipe(tree, "apart")
    commit(tree, "one")
    return tree


def test_what_if_a_package_moved(typed: Type, tree: Path) -> None:
    said = typed("plan", "low=2.0", "--tree", tree)
    assert said.code == 0
    assert "against the tree, as if all of it were built" in said.err
    assert "high 1.0" in said.out
    assert "1 output untouched" in said.out


def test_what_a_pull_request_does_since_a_commit(typed: Type, tree: Path) -> None:
    (tree / "apart" / "recipe.yaml").write_text((tree / "apart" / "recipe.yaml").read_text() + "# by somebody else\n")
    commit(tree, "text")
    said = typed("plan", "--tree", tree, "--since", "HEAD~1", "-o", "markdown")
    assert said.out.startswith("**Nothing to do; 3 outputs untouched**")
    assert "Differ in what alters no build: apart" in said.out


def test_why_tells_rule_and_path_or_that_nothing_touches_it(typed: Type, tree: Path) -> None:
    said = typed("why", "low", "low=2.0", "--tree", tree)
    assert "low 2.0" in said.out
    assert "[changed]" in said.out
    assert "Nothing it is made of" in typed("why", "apart", "low=2.0", "--tree", tree).out
    assert typed("why", "nobody", "--tree", tree).code == NOT_FOUND


def test_what_is_affected_is_counted_by_rule(typed: Type, tree: Path) -> None:
    found = json.loads(typed("affected", "low=2.0", "--tree", tree, "-o", "json").out)
    assert sum(rule["count"] for rule in found["rules"]) == len(found["members"]) == 2
    assert found["untouched"] == 1


def test_two_plans_are_compared(typed: Type, tree: Path, tmp_path: Path) -> None:
    for name, version in (("a", "1.5"), ("b", "2.0")):
        (tmp_path / f"{name}.json").write_text(typed("plan", f"low={version}", "--tree", tree, "-o", "json").out)
    assert typed("plan", "diff", tmp_path / "a.json", tmp_path / "a.json").out == "The two plans do the same.\n"
    (tmp_path / "c.json").write_text(typed("plan", "apart=2", "--tree", tree, "-o", "json").out)
    said = typed("plan", "diff", tmp_path / "a.json", tmp_path / "c.json").out
    assert "Only in the second: rebuild apart 2" in said
    assert "Only in the first: rebuild low 1.5" in said
    (tmp_path / "d.json").write_text("{}[")
    assert typed("plan", "diff", tmp_path / "a.json", tmp_path / "d.json").code == MISUSE
    assert typed("plan", "diff", tmp_path / "a.json", tmp_path / "none.json").code == MISUSE


def test_a_version_that_is_none_is_misuse(typed: Type, tree: Path) -> None:
    assert typed("plan", "low", "--tree", tree).code == MISUSE


PINNED = """\
The pin low stays at 1, while the package is at 2.0: high is kept on the old one. Write low: 2 into variants.yaml.
"""
MIGRATION = "__migrator: {include_noarch: true}\nlow: ['2']\n"


@pytest.fixture
def pinned(tree: Path) -> Path:
    (tree / "variants.yaml").write_text("low: ['1']\n")
    commit(tree, "pins")
    return tree


def test_a_pin_that_stays_behind_is_told_in_every_form(typed: Type, pinned: Path) -> None:
    said = typed("plan", "low=2.0", "--tree", pinned).out
    assert PINNED in said
    assert "Needs an edit of its recipe, or of a pin (1)" in said
    assert "A pin of the tree asks for 'low 1.*', which keeps it on the old low: the pin must move first. [R4]" in said
    assert PINNED in typed("plan", "low=2.0", "--tree", pinned, "-o", "markdown").out
    (notice,) = json.loads(typed("plan", "low=2.0", "--tree", pinned, "-o", "json").out)["notices"]
    assert notice["sentence"] == PINNED.strip()
    assert (notice["kind"], notice["about"], notice["file"], notice["proposed"], notice["users"]) == (
        "pin left behind", "low", "variants.yaml", "2", ["high"],
    )  # fmt: skip


def test_a_migration_is_planned_before_it_lies_in_the_tree(typed: Type, pinned: Path, tmp_path: Path) -> None:
    (tmp_path / "low2.yaml").write_text(MIGRATION)
    said = typed("plan", "low=2.0", "--tree", pinned, "--migration", tmp_path / "low2.yaml")
    assert PINNED not in said.out
    assert "high 1.0 (noarch): A pin of the tree moved: low: 1 becomes 2. [R3]" in said.out
    (tmp_path / "low2.yaml").write_text(MIGRATION.replace("true", "false"))
    left_out = typed("plan", "low=2.0", "--tree", pinned, "--migration", tmp_path / "low2.yaml").out
    assert "high is kept on the old one. The migration migrations/low2.yaml moves it, and leaves them out." in left_out


def test_why_takes_a_migration_too(typed: Type, pinned: Path, tmp_path: Path) -> None:
    (tmp_path / "low2.yaml").write_text(MIGRATION)
    why = typed("why", "high", "--tree", pinned, "--migration", tmp_path / "low2.yaml").out
    assert "low: 1 becomes 2" in why


@pytest.mark.parametrize("text", ["low: ['2']\n", "__migrator: {operation: key_swap}\nlow: ['2']\n", None])
def test_what_is_no_migration_is_refused(typed: Type, pinned: Path, tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "low2.yaml").write_text(text)
    said = typed("plan", "--tree", pinned, "--migration", tmp_path / "low2.yaml")
    assert said.code != 0
    assert "low2.yaml" in said.err
