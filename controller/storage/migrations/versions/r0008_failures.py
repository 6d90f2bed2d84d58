"""the class of a failure, wishes of a repeated job, known failures, flakes, and workers that were drained"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_TEXTS = (
    ("job", ("failure", "avoid", "inputs")),
    ("attempt", ("failure", "act", "act_reason")),
    ("worker", ("drained",)),
)


def upgrade() -> None:
    for table, columns in _TEXTS:
        for column in columns:
            op.add_column(table, sa.Column(column, sa.String(), nullable=False, server_default=""))
    for column in ("alone", "forced"):
        op.add_column("job", sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("job", sa.Column("limit_times", sa.Float(), nullable=False, server_default="1"))
    op.add_column("job", sa.Column("tried", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("worker", sa.Column("lost", JSON, nullable=False, server_default="[]"))
    op.create_index("job_alone", "job", ["state"], postgresql_where=sa.text("alone"), sqlite_where=sa.text("alone = 1"))
    op.create_table(
        "known_failure",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("inputs", "recipe", "name", "subdir", "failure", "line", "job")
        ),
        sa.Column("spared", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("inputs"),
    )
    op.create_table(
        "flake",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("recipe", "name", "subdir")),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("flakes", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("line", "job")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("recipe", "name", "subdir"),
    )


def downgrade() -> None:
    op.drop_table("flake")
    op.drop_table("known_failure")
    op.drop_index("job_alone", table_name="job")
    op.drop_column("worker", "lost")
    for column in ("tried", "limit_times", "forced", "alone"):
        op.drop_column("job", column)
    for table, columns in reversed(_TEXTS):
        for column in reversed(columns):
            op.drop_column(table, column)
