"""Every file name that was ever planned: what an older database planned and built counts too."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from controller.domain.errors import NameTakenError
from controller.storage import artifacts, schema
from controller.storage.database import Database

CHANGE = (
    'INSERT INTO change (id, key, kind, tree, "commit", summary, author, at) '
    "VALUES (1, 'k', 'push', 't', 'c', '', '', :at)"
)
BATCH = (
    "INSERT INTO batch (id, change_id, state, title, author, waves, plan, stays, published, created_at) "
    "VALUES (1, 1, 'running', 't', '', 0, '{}', '[]', '[]', :at)"
)
JOB = (
    "INSERT INTO job (id, batch_id, plan_key, kind, state, recipe, name, subdir, pool, wave, rank, open_parents, late, "
    '"order", outputs, reasons, artifact, attempts, losses, outcome, phase, message, failing, created_at) VALUES '
    "(:id, 1, 'k', :kind, 'ready', 'r', 'app', 'linux-64', 'linux-64', 0, 0, 0, :late, '{}', :outputs, '[]', '', 0, 0, "
    "'', '', '', '[]', :at)"
)
ARTIFACT = (
    "INSERT INTO artifact "
    "(id, subdir, file_name, name, version, build_number, sha256, size, verdict, record, created_at) "
    "VALUES (1, 'noarch', 'Old-1.0-h0_0.tar.bz2', 'old', '1.0', 0, 'x', 1, '', '{}', :at)"
)
AT = "2026-11-01 00:00:00+00:00"
OUTPUTS = [{"subdir": "linux-64", "name": "app", "version": "1.0RC1", "build": "h1_0"}]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """One batch, one build job and one test job, and an artifact, as the schema before knew them."""
    database = Database(database_url)
    schema.upgrade(database, "0002")
    with database.engine.begin() as connection:
        connection.execute(text(CHANGE), {"at": AT})
        connection.execute(text(BATCH), {"at": AT})
        for number, kind in ((1, "build"), (2, "test")):
            named = [dict(OUTPUTS[0], build=f"h{number}_0")]
            job = {"id": number, "kind": kind, "late": False, "outputs": json.dumps(named), "at": AT}
            connection.execute(text(JOB), job)
        connection.execute(text(ARTIFACT), {"at": AT})
    schema.upgrade(database)
    yield database
    database.close()


def test_what_was_planned_and_built_before_is_taken(database: Database) -> None:
    asked = {
        "linux-64/app-1.0RC1-h1_0.conda", "linux-64/app-1.0RC1-h2_0.conda", "noarch/old-1.0-h0_0.conda",
        "win-64/app-1.0RC1-h1_0.conda",
    }  # fmt: skip
    with database.reading() as session:
        assert artifacts.planned_names(session, asked) == {
            "linux-64/app-1.0RC1-h1_0.conda", "noarch/old-1.0-h0_0.conda",
        }  # fmt: skip


def test_the_database_lets_no_name_in_twice(database: Database) -> None:
    with pytest.raises(NameTakenError), database.writing() as session:
        artifacts.plan_names(session, ["linux-64/new-1.0-h0_0.conda", "linux-64/APP-1.0rc1-h1_0.tar.bz2"], 1)
    with database.reading() as session:
        assert artifacts.planned_names(session, ["linux-64/new-1.0-h0_0.conda"]) == set(), "all of a plan, or nothing"


def test_no_names_are_none(database: Database) -> None:
    with database.writing() as session:
        artifacts.plan_names(session, [], 1)
