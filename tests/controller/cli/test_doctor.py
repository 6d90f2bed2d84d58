"""``farm doctor``: each thing looked at, and how to mend it."""

import json
import shutil
from pathlib import Path

import pytest

from controller.cli.data_folder import leave_note
from controller.storage import schema
from controller.storage.artifacts import all_artifacts
from controller.storage.database import Database
from tests.kit.changing_world import World
from tests.kit.farms import make_farm

from .conftest import Type
from .fake_controller import FakeController


def found(typed: Type, *words: object) -> dict[str, dict]:
    return {finding["what"]: finding for finding in json.loads(typed("doctor", *words, "-o", "json").out)}


def test_a_machine_without_a_farm_is_well_and_nothing_is_made(typed: Type, tmp_path: Path) -> None:
    said = typed("doctor", "--data", tmp_path / "data")
    assert said.code == 0
    assert "ok       git: git version" in said.out
    assert "note     data folder" in said.out
    assert list(tmp_path.iterdir()) == []


def test_what_is_needed_and_missing_ends_with_1_and_the_remedy(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, **more: None if name == "git" else real(name, **more))
    said = typed("doctor")
    assert said.code == 1
    assert "problem  git: missing" in said.out
    assert "apt-get install git" in said.out


def test_a_database_that_waits_for_its_migration_is_a_problem(typed: Type, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'farm.sqlite3'}")
    schema.upgrade(database)
    assert found(typed, "--data", tmp_path)["database"]["good"]
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    database.close()
    assert not found(typed, "--data", tmp_path)["database"]["good"]


def test_a_promise_that_does_not_hold_is_told_with_its_subject(typed: Type, tmp_path: Path) -> None:
    farm = make_farm(tmp_path)
    world = World(farm, tmp_path / "tree")
    world.begin()
    farm.close()
    assert found(typed, "--data", tmp_path)["promises"]["said"] == "all 9 hold, files by their size; --deep reads them"
    with farm.reading() as session:
        row = all_artifacts(session)[0]
        path = farm.blobs.path(row.sha256)
    path.write_bytes(bytes(path.stat().st_size))
    assert found(typed, "--data", tmp_path)["promises"]["good"]
    said = typed("doctor", "--data", tmp_path, "--deep")
    assert said.code == 1
    assert f"problem  promise: kept: {row.file}" in said.out


def test_a_database_that_cannot_be_reached_is_told_not_thrown(
    typed: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    finding = found(typed, "--data", tmp_path)["database"]
    assert not finding["good"]
    assert "FARM_DATABASE_URL" in finding["remedy"]


def test_a_controller_is_asked_and_a_stale_note_is_seen_through(
    typed: Type, tmp_path: Path, fake: FakeController
) -> None:
    leave_note(tmp_path, "http://127.0.0.1:9")
    assert not found(typed, "--data", tmp_path)["controller"]["good"]
    leave_note(tmp_path, fake.url)
    fake.raw = (200, "application/json", b'{"items": []}')
    assert found(typed, "--data", tmp_path)["controller"]["said"] == f"{fake.url}, 0 workers"
