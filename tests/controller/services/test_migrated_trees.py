"""Migrations beside a tree's pins, from the file to the plan: variants that come and go, and whom a pin moves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.errors import NotFoundError
from controller.domain.plans import Membership, Plan
from controller.planning.question import Question, pins_of
from controller.services.farm import Farm
from controller.services.questions import ask
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit

PINS = "python:\n  - 3.12.* *_cpython\nopenssl:\n  - '3.4'\n"
ADDED = """\
__migrator:
  kind: version
  migration_number: 1
  operation: key_add
  primary_key: python
  ordering:
    python: [3.12.* *_cpython, 3.13.* *_cp313]
  exclude: [left-out]
python:
  - 3.13.* *_cp313
migrator_ts: 1700000000
"""
RECIPES = {
    "ext": "requirements: {host: [python], run: [python]}",
    "user": "requirements: {host: [python, ext], run: [python, ext]}",
    "left-out": "requirements: {host: [python], run: [python]}",
    "pure": "build: {noarch: python}\nrequirements: {host: [python], run: [python]}",
    "lib": "requirements: {host: [openssl]}",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    for name, text in RECIPES.items():
        (made / name).mkdir(parents=True)
        (made / name / "recipe.yaml").write_text(f"package: {{name: {name}, version: '1.0'}}\n{text}\n")
    (made / "conda_build_config.yaml").write_text(PINS)
    commit(made, "one")
    return made


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


def migrate(tree: Path, text: str) -> None:
    (tree / "migrations").mkdir()
    (tree / "migrations" / "python313.yaml").write_text(text)
    commit(tree, "a migration")


def planned(farm: Farm, tree: Path, **asked: object) -> Plan:
    return ask(farm, str(tree), None, Question(**asked)).plan  # type: ignore[arg-type]


def rebuilt(plan: Plan) -> set[tuple[str, str, str]]:
    found = plan.decision.having(Membership.REBUILD)
    return {(m.output.name, m.output.variant.get("python", ""), m.reasons[0].rule.value) for m in found}


def test_a_python_that_is_added_builds_its_variants_alone_in_order_and_keeps_the_number(farm: Farm, tree: Path) -> None:
    migrate(tree, ADDED)
    plan = planned(farm, tree, since="HEAD~1")
    assert rebuilt(plan) == {("ext", "3.13.* *_cp313", "R14"), ("user", "3.13.* *_cp313", "R14")}
    assert {number for (_, name, _), number in plan.numbers.items() if name in ("ext", "user")} == {0}
    builds = {job.name: job for job in plan.jobs if job.kind == "build"}
    assert builds["ext"].wave < builds["user"].wave
    assert not plan.decision.gone


def test_a_python_that_is_removed_builds_nothing_and_says_what_is_made_no_more(farm: Farm, tree: Path) -> None:
    migrate(tree, ADDED)
    (tree / "migrations" / "python313.yaml").unlink()
    commit(tree, "taken back")
    plan = planned(farm, tree, since="HEAD~1")
    assert not plan.jobs
    assert [(gone.name, gone.reason.rule.value) for gone in plan.decision.gone] == [("ext", "R15"), ("user", "R15")]


def test_a_migration_that_is_paused_moves_nobody(farm: Farm, tree: Path) -> None:
    migrate(tree, ADDED.replace("  kind: version", "  kind: version\n  paused: true"))
    assert not planned(farm, tree, since="HEAD~1").jobs


def test_a_raised_pin_moves_those_who_use_it(farm: Farm, tree: Path) -> None:
    migrate(tree, "__migrator: {kind: version, migration_number: 1}\nopenssl: ['3.5']\nmigrator_ts: 1\n")
    assert rebuilt(planned(farm, tree, since="HEAD~1")) == {("lib", "", "R3")}


def test_a_migration_that_cannot_be_read_is_told_with_its_file(farm: Farm, tree: Path) -> None:
    migrate(tree, ADDED.replace("key_add", "key_ad"))
    refusals = planned(farm, tree, since="HEAD~1").decision.refusals
    assert any("migrations/python313.yaml" in f"{refusal.file} {refusal.cause}" for refusal in refusals)


def test_what_if_a_pin_of_the_tree_moved(farm: Farm, tree: Path) -> None:
    assert rebuilt(planned(farm, tree, pins=pins_of(["openssl=3.5"]))) == {("lib", "", "R3")}
    with pytest.raises(NotFoundError, match="no pin opensl"):
        planned(farm, tree, pins=pins_of(["opensl=3.5"]))
