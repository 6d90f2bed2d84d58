"""what is known of cases of tests; what is quarantined; what trees expect to fail"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _cases()
    _quarantine()
    _expectations()


def _cases() -> None:
    op.add_column("flake", sa.Column("recent_flakes", KEY, nullable=False, server_default="0"))
    op.create_table(
        "test_case",
        sa.Column("recipe", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("subdir", sa.String(), nullable=False),
        sa.Column("case_name", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("flakes", sa.Integer(), nullable=False),
        sa.Column("recent_failures", KEY, nullable=False),
        sa.Column("recent_flakes", KEY, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("first_at", INSTANT, nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("recipe", "name", "subdir", "case_name"),
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("subdir", sa.String(), nullable=False),
        sa.Column("case_name", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("clean", sa.Integer(), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    is_open = sa.text("ended_at IS NULL")
    op.create_index("quarantine_open", "quarantine", ["name", "subdir", "case_name"], unique=True,
                    postgresql_where=is_open, sqlite_where=is_open)  # fmt: skip


def _expectations() -> None:
    for name in ("expected", "remarks"):
        op.add_column("job", sa.Column(name, JSON, nullable=False, server_default="[]"))
    op.add_column("job", sa.Column("remark", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "expectation",
        sa.Column("recipe", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("subdir", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("case_name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("batch_id", KEY, nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("recipe", "name", "subdir", "kind", "case_name"),
    )


def downgrade() -> None:
    op.drop_table("expectation")
    for name in ("remark", "remarks", "expected"):
        op.drop_column("job", name)
    op.drop_index("quarantine_open", table_name="quarantine")
    op.drop_table("quarantine")
    op.drop_table("test_case")
    op.drop_column("flake", "recent_flakes")
