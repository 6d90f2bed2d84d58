"""Alembic's way in: one connection, given by ``controller.storage.schema``."""

from alembic import context
from sqlmodel import SQLModel

from controller.storage.migrations.tables import TABLES


def run() -> None:
    """Run the migrations on the connection that was handed over."""
    if not TABLES:
        raise AssertionError("no tables to compare with")
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
