"""``farm plan`` with no service up."""

import json
import socket
from pathlib import Path

import pytest

from controller.cli.plan import as_markdown
from controller.services.answers.plan_shapes import PlanAnswer
from controller.services.answers.shape import ReasonShape
from controller.services.answers.shapes import MemberShape
from controller.storage import schema
from controller.storage.database import Database
from tests.kit.recipe_trees import commit, write_recipe

from .conftest import Type


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    write_recipe(tree, "low", exports=("low >=1",))
    write_recipe(tree, "high", host=("low",))
    (tree / "bad").mkdir()
    (tree / "bad" / "recipe.yaml").write_text("package:\n  name: [\n", encoding="utf-8")
    commit(tree, "two, and one that cannot be read")
    return tree


def test_a_plan_needs_no_service_and_no_network(typed: Type, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a plan connects to nobody")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    said = typed("plan", "--tree", tree)
    assert said.code == 0
    assert said.out.splitlines()[:3] == [
        "2 builds, 2 tests in 2 waves; 0 outputs untouched",
        "  wave 1: low (noarch)",
        "  wave 2: high (noarch)",
    ]
    assert "Not read: bad/recipe.yaml" in said.out
    assert "against nothing" in said.err
    assert list(Path.cwd().iterdir()) == [tree]


def test_for_programs_it_is_what_the_api_answers(typed: Type, tree: Path) -> None:
    said = PlanAnswer.model_validate(json.loads(typed("plan", "--tree", tree, "-o", "json").out))
    assert {member.name for member in said.members} == {"low", "high"}
    assert [(job.kind, job.name, job.wave) for job in said.jobs if job.kind == "build"] == [
        ("build", "low", 1), ("build", "high", 2),
    ]  # fmt: skip


def test_against_a_farms_data_it_says_what_is_left_alone_and_writes_nothing(
    typed: Type, tree: Path, tmp_path: Path
) -> None:
    data = tmp_path / "farm-data"
    database = Database(f"sqlite:///{data / 'farm.sqlite3'}")
    schema.upgrade(database)
    database.close()
    before = sorted(path.name for path in data.iterdir())
    said = typed("plan", "--tree", tree)
    assert said.code == 0
    assert "against testing of farm-data" in said.err
    assert {path.name for path in data.iterdir()} - set(before) <= {"farm.sqlite3-wal", "farm.sqlite3-shm"}


def test_a_database_of_another_version_is_left_as_it_is(typed: Type, tree: Path, tmp_path: Path) -> None:
    data = tmp_path / "old"
    database = Database(f"sqlite:///{data / 'farm.sqlite3'}")
    schema.upgrade(database)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    said = typed("plan", "--tree", tree, "--channel", data)
    assert said.code == 1
    assert "0000" in said.err
    assert schema.revision(database) == "0000"
    database.close()


@pytest.mark.parametrize(
    "words", [["--tree", "nowhere"], ["--channel", "nowhere"], ["--rev", "no-such-branch"], ["-o", "yaml"]]
)
def test_what_is_not_there_is_said_in_words(typed: Type, tree: Path, words: list[str]) -> None:
    said = typed("plan", "--tree", tree, *words)
    assert said.code in {1, 2}
    assert "Traceback" not in said.err


def test_markdown_cannot_be_broken_out_of() -> None:
    reason = ReasonShape(rule="R1", sentence="a | b <img src=x>\nc & d")
    member = MemberShape(
        name="zlib", version="1", subdir="noarch", recipe="zlib", membership="rebuild", reasons=(reason,)
    )
    text = as_markdown(PlanAnswer(members=(member,), waves=1, untouched=3))
    assert "| zlib | 1 | noarch | R1 | a &#124; b &lt;img src=x> c &amp; d |" in text
    assert "3 outputs untouched" in text


def test_a_controller_that_was_named_makes_the_plan(asked: Type, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = asked("plan", "--tree", tree)
    assert said.code == 5  # the fake one makes no plans
    assert "/api/v1/plans" in said.err
