"""Bringing a database to this version's schema, and saying when it is newer than this version."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

from controller.domain.errors import DatabaseError, DataFolderError
from controller.storage.database import Database
from controller.storage.migrations.tables import TABLES

_UPGRADE_LOCK = 0x73636865  # "sche": held on Postgres while the schema is brought up to date
_FOLDER = Path(__file__).parent / "migrations"


def upgrade(database: Database, to: str = "head") -> None:
    """Run the migrations that are missing. Raises DataFolderError for a schema newer than this code, DatabaseError."""
    with _connected(database, alone=True) as connection:
        _refuse_newer(connection)
        command.upgrade(_config(connection), to)


def downgrade(database: Database, to: str = "base") -> None:
    """Run migrations backwards. Loses what the newer schema alone could hold."""
    with database.engine.begin() as connection:
        command.downgrade(_config(connection), to)


def differences(database: Database) -> list[object]:
    """What the tables in the code and those in the database differ in; empty when they are one."""
    with database.engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))


def revision(database: Database) -> str | None:
    """The revision the database is at; None for an empty one. Raises DatabaseError."""
    with _connected(database) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The newest revision this code knows."""
    return ScriptDirectory(str(_FOLDER)).get_current_head() or ""


def draft(database: Database, message: str) -> None:
    """For developers: write a migration from the difference between code and database."""
    with database.engine.begin() as connection:
        command.revision(_config(connection), message=message, autogenerate=True)


@contextmanager
def _connected(database: Database, *, alone: bool = False) -> Iterator[Connection]:
    """A transaction that commits at its end. Raises DatabaseError when there is nobody to connect to.

    ``alone``: of controllers that start at once, one does it after the other.
    """
    try:
        connection = database.engine.connect().execution_options(farm_writes=alone)
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise DatabaseError(
            f"The database cannot be used: {said}.", remedy="Look at FARM_DATABASE_URL, and at the server."
        ) from error
    with connection, connection.begin():
        if alone and not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": _UPGRADE_LOCK})
        yield connection


def _config(connection: Connection) -> Config:
    assert TABLES, "the tables must be imported before their metadata is used"  # noqa: S101
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config


def _refuse_newer(connection: Connection) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory(str(_FOLDER)).walk_revisions()}
    if current is not None and current not in known:
        raise DataFolderError(
            f"The database is at schema {current}, which this version of condafarm does not know.",
            remedy="Use the version that wrote it, or a newer one; nothing was changed.",
        )
