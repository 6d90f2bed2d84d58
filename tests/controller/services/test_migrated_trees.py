"""Migrations beside a tree's pins, from the file to the plan: variants that come and go, and whom a pin moves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.errors import NotFoundError
from controller.domain.plans import Membership, Plan
from controller.planning.migrations import MigrationError
from controller.planning.question import Question, pins_of
from controller.services.answers.batches import batch_view
from controller.services.farm import Farm
from controller.services.intake import push
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


def test_a_migration_that_lies_nowhere_is_planned_as_if_it_lay_in_the_tree(farm: Farm, tree: Path) -> None:
    asked = planned(farm, tree, migrations=(("python313.yaml", ADDED),))
    migrate(tree, ADDED)
    pushed = planned(farm, tree, since="HEAD~1")
    assert [job.key for job in asked.jobs] == [job.key for job in pushed.jobs]
    assert rebuilt(asked) == rebuilt(pushed)


def test_an_asked_migration_goes_with_asked_pins_and_with_since(farm: Farm, tree: Path) -> None:
    (tree / "lib" / "recipe.yaml").write_text("package: {name: lib, version: '2.0'}\nrequirements: {host: [openssl]}\n")
    commit(tree, "two")
    moves = pins_of(["python=3.12.* *_cpython"])
    found = rebuilt(planned(farm, tree, since="HEAD~1", pins=moves, migrations=(("python313.yaml", ADDED),)))
    assert {name for name, _, _ in found} == {"lib", "ext", "user"}


def test_an_asked_migration_takes_the_place_of_the_trees_of_that_name(farm: Farm, tree: Path) -> None:
    migrate(tree, ADDED)
    paused = ADDED.replace("kind: version", "paused: true")
    plan = planned(farm, tree, migrations=(("python313.yaml", paused),))
    assert {gone.name for gone in plan.decision.gone} == {"ext", "user"}


def test_an_asked_migration_that_is_broken_is_refused(farm: Farm, tree: Path) -> None:
    with pytest.raises(MigrationError, match="key_swap is no operation"):
        planned(farm, tree, migrations=(("a.yaml", ADDED.replace("key_add", "key_swap")),))


def told(plan: Plan) -> list[tuple[str, str]]:
    return [(notice.kind.value, notice.about) for notice in plan.notices]


def test_a_broken_migration_stops_those_who_name_its_pins_and_is_told_once(farm: Farm, tree: Path) -> None:
    migrate(tree, "__migrator:\n  operation: key_swap\nopenssl: ['3.5']\n")
    plan = planned(farm, tree)
    assert {refusal.recipe for refusal in plan.decision.refusals} == {"lib"}
    assert {m.output.name for m in plan.decision.members} == {"ext", "user", "left-out", "pure"}
    assert told(plan) == [("migration broken", "migrations/python313.yaml")]
    assert (plan.notices[0].line, plan.notices[0].keys) == (2, ("openssl",))


def test_a_migration_that_fails_on_the_pins_stops_only_those_who_name_its_pins(farm: Farm, tree: Path) -> None:
    migrate(tree, ADDED.replace("3.12.* *_cpython, ", "3.11.* *_cpython, "))
    plan = planned(farm, tree)
    assert {refusal.file for refusal in plan.decision.refusals} == {"migrations/python313.yaml"}
    assert {m.output.name for m in plan.decision.members} == {"lib", "left-out", "pure"}
    assert told(plan) == [("migration broken", "migrations/python313.yaml")]


def test_migrations_that_overlap_or_are_done_are_told(farm: Farm, tree: Path) -> None:
    migrate(tree, "__migrator: {kind: version}\nopenssl: ['3.5']\n")
    (tree / "migrations" / "ssl.yaml").write_text("__migrator: {kind: version}\nopenssl: ['3.6']\n")
    (tree / "migrations" / "old.yaml").write_text("__migrator: {kind: version}\nopenssl: ['3.3']\n")
    commit(tree, "two more")
    assert told(planned(farm, tree)) == [
        ("migrations overlap", "migrations/python313.yaml"), ("migration done", "migrations/old.yaml"),
    ]  # fmt: skip


FOR_SOME = ADDED.replace("  operation", "  allowlist_file: some.txt\n  operation")


def test_a_migration_with_a_list_is_for_those_and_for_what_they_need(farm: Farm, tree: Path) -> None:
    for name in ("third", "fourth"):
        (tree / name).mkdir()
        (tree / name / "recipe.yaml").write_text(
            f"package: {{name: {name}, version: '1.0'}}\nrequirements: {{host: [python], run: [python, ext]}}\n"
        )
    (tree / "migration_support").mkdir()
    (tree / "migration_support" / "some.txt").write_text("# those who asked\nuser\n")
    commit(tree, "more users")
    asked = planned(farm, tree, migrations=(("python313.yaml", FOR_SOME),))
    migrate(tree, FOR_SOME)
    plan = planned(farm, tree, since="HEAD~1")
    assert {name for name, _, _ in rebuilt(plan)} == {name for name, _, _ in rebuilt(asked)} == {"ext", "user"}
    assert told(plan) == []


def test_a_migration_whose_list_is_not_there_is_for_nobody_and_that_is_told(farm: Farm, tree: Path) -> None:
    migrate(tree, FOR_SOME)
    plan = planned(farm, tree, since="HEAD~1")
    assert rebuilt(plan) == set()
    assert [(n.kind.value, n.about, n.file) for n in plan.notices] == [
        ("allow list missing", "migrations/python313.yaml", "migration_support/some.txt")
    ]


def test_noarch_packages_stay_out_unless_a_migration_takes_them_in(farm: Farm, tree: Path) -> None:
    (tree / "data").mkdir()
    (tree / "data" / "recipe.yaml").write_text(
        "package: {name: data, version: '1.0'}\nbuild:\n  noarch: generic\nrequirements: {host: [openssl]}\n"
    )
    commit(tree, "noarch")
    raised = "__migrator:\n  include_noarch: {}\nopenssl: ['3.5']\n"
    for said, names in (("false", {"lib"}), ("true", {"lib", "data"})):
        plan = planned(farm, tree, migrations=(("ssl.yaml", raised.format(said)),))
        assert {name for name, _, _ in rebuilt(plan)} == names


def test_a_batch_tells_its_notices_as_its_plan_did(farm: Farm, tree: Path) -> None:
    migrate(tree, "__migrator: {kind: version}\nopenssl: ['3.3']\n")
    opened = push(farm, str(tree), None, who="eva")
    (notice,) = batch_view(farm, opened.batch).notices
    assert notice.sentence == (
        "The migration migrations/python313.yaml changes nothing any more: openssl is there already. Delete its file."
    )
