"""The numbers that a batch was given go back into the recipes, and the commit that says them rebuilds nothing."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.services import intake
from controller.services.answers.forecast_shapes import NumbersAnswer
from controller.services.commit_numbers import number_edits
from controller.services.farm import Farm
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker

OLD = """\
{{% set version = "1.0" %}}
{{% set build = 0 %}}
package:
  name: old
  version: {{{{ version }}}}
build:
  number: {{{{ build }}}}
  noarch: generic
  script: echo {word}
about:
  license: MIT
"""
COMPUTED = """\
context:
  base: 100
package:
  name: computed
  version: "1.0"
build:
  number: ${{{{ base + 1 }}}}
  noarch: generic
  script: echo {word}
"""


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    farm = make_farm(tmp_path / "farm")
    yield farm
    farm.close()


def write(tree: Path, word: str) -> None:
    write_recipe(tree, "new", script=(f"echo {word}",))
    for name, file, text in (("old", "meta.yaml", OLD), ("computed", "recipe.yaml", COMPUTED)):
        (tree / name).mkdir(exist_ok=True)
        (tree / name / file).write_text(text.format(word=word), encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    write(tree, "one")
    commit(tree, "begin")
    return tree


def push(farm: Farm, tree: Path) -> intake.Opened:
    opened = intake.push(farm, str(tree), None, who="ana")
    SimulatedWorker(farm).finish()
    return opened


def built_twice(farm: Farm, tree: Path) -> NumbersAnswer:
    push(farm, tree)
    write(tree, "two")
    commit(tree, "again")
    return number_edits(farm, push(farm, tree).batch)


def test_a_recipe_that_says_its_number_already_is_not_named(farm: Farm, tree: Path) -> None:
    assert number_edits(farm, push(farm, tree).batch).edits == ()


def test_each_recipe_gets_its_number_or_says_why_not(farm: Farm, tree: Path) -> None:
    found = built_twice(farm, tree)
    assert [(e.file, e.number, bool(e.text), e.why_not) for e in found.edits] == [
        ("computed/recipe.yaml", 102, False, "its number is computed, in line 7"),
        ("new/recipe.yaml", 1, True, ""),
        ("old/meta.yaml", 1, True, ""),
    ]  # fmt: skip


def test_the_patch_is_one_that_git_applies_and_then_nothing_is_left_to_do(farm: Farm, tree: Path) -> None:
    found = built_twice(farm, tree)
    patch = "".join(edit.diff for edit in found.edits)
    subprocess.run(["git", "-C", str(tree), "apply", "-"], input=patch.encode(), check=True)
    assert "{% set build = 1 %}" in (tree / "old" / "meta.yaml").read_text(encoding="utf-8")
    commit(tree, "numbers")
    assert push(farm, tree).jobs == 0


def test_what_was_not_built_keeps_the_number_it_has(farm: Farm, tree: Path) -> None:
    push(farm, tree)
    write(tree, "two")
    commit(tree, "again")
    opened = intake.push(farm, str(tree), None, who="ana")
    SimulatedWorker(farm, fail={("build", "new")}).finish()
    assert [edit.recipe for edit in number_edits(farm, opened.batch).edits] == ["computed", "old"]


MORE = """\
context:
  n: 0
package:
  name: more
  version: "1.${{{{ n }}}}"
build:
  number: ${{{{ n }}}}
  noarch: generic
  script: echo {word}
"""


def test_a_number_that_more_depends_on_is_left(farm: Farm, tmp_path: Path) -> None:
    """Its version would move with it."""
    tree = tmp_path / "odd"
    (tree / "more").mkdir(parents=True)
    for word in ("one", "two"):
        (tree / "more" / "recipe.yaml").write_text(MORE.format(word=word), encoding="utf-8")
        commit(tree, word)
        opened = push(farm, tree)
    assert [edit.why_not for edit in number_edits(farm, opened.batch).edits] == [
        "more than its build strings depends on its number"
    ]
