"""Settings that do not hold and databases that are away: words and a next step, never a traceback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.kit.recipe_trees import commit, write_recipe

from .conftest import Type

AWAY = "postgresql://farm:hush@127.0.0.1:9/none"
FAULTS = [
    ("FARM_PORT", "many", 2, "port"),
    ("FARM_SUBDIRS", "linux-64", 2, "subdirs"),
    ("FARM_DATABASE_URL", "nonsense", 2, "postgresql://user@host/name"),
    ("FARM_DATABASE_URL", "mysql://farm:hush@db/farm", 2, "postgresql://user@host/name"),
    ("FARM_DATABASE_URL", AWAY, 1, "127.0.0.1"),
]


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """``farm up`` sends them to a stream that is gone after the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_recipe(tmp_path / "tree", "one")
    commit(tmp_path / "tree", "one begins")
    (tmp_path / "farm-data").mkdir()
    return tmp_path / "tree"


@pytest.mark.parametrize(("variable", "value", "code", "word"), FAULTS)
@pytest.mark.parametrize("command", ["plan", "up"])
def test_a_fault_is_said_and_no_password_with_it(
    typed: Type,
    tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    variable: str,
    value: str,
    code: int,
    word: str,
) -> None:
    monkeypatch.setenv(variable, value)
    words = {"plan": ("plan", "--tree", tree), "up": ("up", "--no-workers", "--broker", "redis://127.0.0.1:9/0")}
    if variable != "FARM_PORT":
        words["up"] = (*words["up"], "--port", "0")
    said = typed(*words[command])
    assert (said.code, said.out) == (code, "")
    assert word in said.err
    assert "  next: " in said.err
    assert "hush" not in said.err


@pytest.mark.parametrize(("variable", "value", "code", "word"), FAULTS)
def test_the_doctor_finds_it_and_goes_on(
    typed: Type, tree: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, code: int, word: str
) -> None:
    monkeypatch.setenv(variable, value)
    said = typed("doctor", "-o", "json")
    assert said.code == 1
    findings = {finding["what"]: finding for finding in json.loads(said.out)}
    bad = findings["database" if variable == "FARM_DATABASE_URL" else "settings"]
    assert not bad["good"]
    assert word in bad["said"] + bad["remedy"]
    assert findings["git"]["good"]
    assert "hush" not in said.out


def test_a_file_that_is_no_database_is_said(typed: Type, tree: Path) -> None:
    (tree.parent / "farm-data" / "farm.sqlite3").write_text("not a database at all\n" * 9, encoding="utf-8")
    said = typed("plan", "--tree", tree)
    assert said.code == 1
    assert "file is not a database" in said.err
    assert said.err.count("help: /help/database_unavailable") == 1
