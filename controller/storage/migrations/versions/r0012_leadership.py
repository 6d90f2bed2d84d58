"""who leads the loop, under which epoch; pools in which nothing starts; what jobs ask of workers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "leadership",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("ticked_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "idle_pool",
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("ready", sa.Integer(), nullable=False),
        sa.Column("oldest_at", INSTANT, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("pool"),
    )
    op.create_index("attempt_leased_at", "attempt", ["leased_at"])
    op.create_table(
        "needs",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.add_column("job", sa.Column("needs_id", sa.Integer(), nullable=False, server_default="0"))
    _claim_by("pool", "rank", "id", "needs_id")
    op.add_column("duration", sa.Column("memory_bytes", sa.BigInteger(), nullable=False, server_default="0"))


def _claim_by(*columns: str) -> None:
    """With what a job asks for in the index, jobs that a worker cannot do are passed over without being read."""
    ready = sa.text("state = 'ready'")
    op.drop_index("job_claim", table_name="job")
    op.create_index("job_claim", "job", list(columns), postgresql_where=ready, sqlite_where=ready)


def downgrade() -> None:
    op.drop_column("duration", "memory_bytes")
    _claim_by("pool", "rank", "id")
    op.drop_column("job", "needs_id")
    op.drop_table("needs")
    op.drop_index("attempt_leased_at", table_name="attempt")
    op.drop_table("idle_pool")
    op.drop_table("leadership")
