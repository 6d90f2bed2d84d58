"""``farm why NAME --batch B-7`` and ``farm plan diff``, as people read them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from controller.cli.output import MISUSE, NOT_FOUND
from tests.kit.changing_world import World, surprise
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe

from .conftest import Type
from .serving import serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("served")
    farm = make_farm(folder)
    batch = surprise(World(farm, folder / "tree"))
    with serving(farm) as url:
        yield url, batch
    farm.close()


@pytest.fixture
def real(typed: Type, served: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Type:
    monkeypatch.setenv("FARM_SERVER", served[0])
    monkeypatch.setenv("FARM_TOKEN", "admin-secret")
    return typed


def test_why_in_a_batch(real: Type) -> None:
    said = real("why", "MID", "--batch", "B-2")
    assert (said.code, said.err) == (0, "")
    assert said.out == snapshot("""\
mid 1.0 (noarch), recipe mid: rebuild
  It uses what is gone from lib: f_old of liblib.so.1. [R17]
    rule   R17: it uses symbols that are gone
    spec   lib >=1
    source written in its recipe
    path   lib → mid
  J-13 retest: escalated
  J-14 build: passed
  J-15 test: passed
1 package follows from it. leaf
""")


def test_why_for_programs_is_the_apis_own_shape(real: Type) -> None:
    found = json.loads(real("why", "app", "--batch", "B-2", "-o", "json").out)
    assert (found["batch"], found["members"][0]["membership"]) == ("B-2", "rebuild")
    assert found["picture"]["edges"] == [["lib", "app"]]
    assert all(re.fullmatch(r"J-\d+", name) for name in real("why", "app", "--batch", "B-2", "-o", "name").out.split())


def test_why_of_what_is_not_there(real: Type) -> None:
    said = real("why", "nobody", "--batch", "B-2")
    assert (said.code, "B-2 reaches nothing named nobody." in said.err) == (NOT_FOUND, True)
    assert real("why", "app", "--batch", "B-99").code == NOT_FOUND
    assert real("why", "app", "--batch", "7").code == MISUSE


def test_a_batch_before_and_after_it_was_decided_again(real: Type) -> None:
    assert real("plan", "diff", "B-2@0", "B-2").out == snapshot("""\
B-2@1, decided again: 1 escalated.
B-2@2, decided again: 1 escalated.
B-2@3, decided again: 1 stopped here.
retest becomes rebuild: app 1.0 (noarch): Its record admits the new lib, but its tests fail with it: ModuleNotFoundError: No module named 'toy'. [retest]
retest becomes rebuild: mid 1.0 (noarch): It uses what is gone from lib: f_old of liblib.so.1. [R17]
retest for another reason: leaf 1.0 (noarch): It runs with mid, and its 'mid >=1' admits the new one. (lib → mid → leaf) [R7]
2 done otherwise, 1 for another reason; 1 the same; 2 jobs more.
""")  # noqa: E501
    assert real("plan", "diff", "B-2", "b-2").out == "The two plans do the same.\n"
    assert json.loads(real("plan", "diff", "B-2@0", "B-2@1", "-o", "json").out)["after"] == "B-2@1"
    assert real("plan", "diff", "B-2@8", "B-2").code == NOT_FOUND


def test_a_batch_beside_a_plan_in_a_file(real: Type, tmp_path: Path) -> None:
    tree = tmp_path / "other"
    write_recipe(tree, "low")
    commit(tree, "one")
    (tmp_path / "a.json").write_text(real("plan", "--tree", tree, "-o", "json").out)
    said = real("plan", "diff", tmp_path / "a.json", "B-2")
    assert said.code == 0
    assert "Only in the second: rebuild lib 1.0 (noarch)" in said.out


def test_a_batch_needs_a_controller_and_files_need_none(typed: Type, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    assert typed("plan", "diff", "a.json", "a.json").out == "The two plans do the same.\n"
    said = typed("plan", "diff", "B-2@0", "B-2")
    assert (said.code, "No controller is named" in said.err) == (1, True)


def test_plan_diff_is_a_command_of_its_own_beside_plan(typed: Type) -> None:
    assert "farm plan diff" in typed("plan", "diff", "--help").out
    assert "NAME=VERSION" in typed("plan", "--help").out
    assert "plan-diff" not in typed("--help").out
    assert typed("plan-diff", "a", "b").code == MISUSE
    assert typed("plan", "diff", "a.json").code == MISUSE
