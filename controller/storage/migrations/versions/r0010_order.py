"""the order of the queue: priorities and shares of batches, heights and places of jobs, ranks as large numbers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_UNITS = 10


def upgrade() -> None:
    op.add_column("batch", sa.Column("priority", sa.String(), nullable=False, server_default="normal"))
    op.add_column("batch", sa.Column("share", JSON, nullable=False, server_default="{}"))
    op.add_column("batch", sa.Column("bumps", JSON, nullable=False, server_default="[]"))
    op.add_column("job", sa.Column("height", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(
        "job",
        sa.Column("place", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, server_default="0"),
    )
    _widen(sa.Integer(), sa.BigInteger())
    # A rank was the height, below zero. The loop ranks open batches anew, by their places, when it first looks.
    op.execute("UPDATE job SET height = -rank")
    op.execute(
        f"UPDATE job SET place = {_UNITS} * (1 + rank - "  # noqa: S608 -- a number of ours
        "(SELECT min(first.rank) FROM job AS first WHERE first.batch_id = job.batch_id))"
        " WHERE state NOT IN ('passed', 'cancelled', 'not_needed')"
    )
    op.create_index("attempt_ended", "attempt", ["ended_at"])


def downgrade() -> None:
    op.drop_index("attempt_ended", table_name="attempt")
    op.execute("UPDATE job SET rank = -height")
    _widen(sa.BigInteger(), sa.Integer())
    for table, columns in (("job", ("place", "height")), ("batch", ("bumps", "share", "priority"))):
        for column in columns:
            op.drop_column(table, column)


def _widen(before: sa.Integer, after: sa.Integer) -> None:
    """SQLite's whole numbers have no size."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("job", "rank", existing_type=before, type_=after, existing_nullable=False)
