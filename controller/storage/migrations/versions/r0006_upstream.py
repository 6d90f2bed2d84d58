"""watched channels as they were last seen, and what moved in them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "upstream_channel",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("subdir", sa.String(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("stamp", JSON, nullable=False),
        sa.Column("known", JSON, nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("followed", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", INSTANT, nullable=True),
        sa.Column("seen_at", INSTANT, nullable=True),
        sa.Column("changed_at", INSTANT, nullable=True),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("channel", "subdir"),
    )
    op.create_table(
        "upstream_move",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("tree", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("subdir", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("move", JSON, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_upstream_move_batch_id", "upstream_move", ["batch_id"])
    pending = sa.text("state = 'pending'")
    op.create_index("upstream_move_pending", "upstream_move", ["tree"], postgresql_where=pending, sqlite_where=pending)


def downgrade() -> None:
    op.drop_table("upstream_move")
    op.drop_table("upstream_channel")
