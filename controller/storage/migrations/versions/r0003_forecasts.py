"""how long jobs took, and every file name that was ever planned

File names that were planned before are kept too, in the form in which no two may be alike.
"""

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duration",
        sa.Column("recipe", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("subdir", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("mean_log", sa.Float(), nullable=False),
        sa.Column("variance", sa.Float(), nullable=False),
        sa.Column("last", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("recipe", "kind", "name", "subdir"),
    )
    names = op.create_table(
        "planned_name",
        sa.Column("subdir", sa.String(), nullable=False),
        sa.Column("stem", sa.String(), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"]),
        sa.PrimaryKeyConstraint("subdir", "stem"),
    )
    found = {(subdir, stem): batch for subdir, stem, batch in _planned()}
    rows = [{"subdir": subdir, "stem": stem, "batch_id": batch} for (subdir, stem), batch in found.items()]
    if rows:
        op.bulk_insert(names, rows)


def downgrade() -> None:
    op.drop_table("planned_name")
    op.drop_table("duration")


def _planned() -> Iterator[tuple[str, str, int | None]]:
    connection = op.get_bind()
    builds = connection.execute(sa.text("SELECT batch_id, outputs FROM job WHERE kind = 'build'"))
    for batch, said in builds:
        for output in json.loads(said) if isinstance(said, str) else said:
            stem = f"{output['name']}-{output['version']}-{output['build']}"
            yield output["subdir"], stem.lower(), batch
    for batch, subdir, file in connection.execute(sa.text("SELECT batch_id, subdir, file_name FROM artifact")):
        yield subdir, file.removesuffix(".conda").removesuffix(".tar.bz2").lower(), batch
