"""Migrations go up and down on every database, and what they make is what the code says."""

from pathlib import Path

import pytest
from sqlalchemy import text

from controller.domain.errors import DataFolderError
from controller.storage import schema
from controller.storage.database import Database


@pytest.fixture
def database(database_url: str):
    database = Database(database_url)
    yield database
    database.close()


def test_the_migrations_make_exactly_the_tables_in_the_code(database: Database) -> None:
    schema.upgrade(database)
    assert schema.differences(database) == []
    assert schema.revision(database) == schema.head()


def test_the_migrations_go_down_to_nothing_and_up_again(database: Database) -> None:
    schema.upgrade(database)
    schema.downgrade(database)
    assert schema.revision(database) is None
    schema.upgrade(database)
    assert schema.differences(database) == []


def test_a_schema_newer_than_the_code_is_refused_and_left_alone(database: Database) -> None:
    schema.upgrade(database)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DataFolderError, match="9999"):
        schema.upgrade(database)
    assert schema.revision(database) == "9999"


def test_the_folder_of_a_new_sqlite_database_is_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a' / 'b' / 'farm.sqlite3'}")
    schema.upgrade(database)
    assert (tmp_path / "a" / "b" / "farm.sqlite3").exists()
    database.close()
