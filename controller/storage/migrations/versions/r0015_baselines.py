"""how tests went without a change, the controls that tell, and what they excuse"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_CHECKING = sa.text("state = 'checking'")


def upgrade() -> None:
    op.create_table(
        "baseline",
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("run", JSON, nullable=False),
        sa.Column("snapshot", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("file"),
    )
    op.add_column("job", sa.Column("control_of", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("job", sa.Column("compared", JSON, nullable=False, server_default="{}"))
    op.add_column("artifact", sa.Column("excused", JSON, nullable=False, server_default="{}"))
    op.create_index("job_checking", "job", ["batch_id"], postgresql_where=_CHECKING, sqlite_where=_CHECKING)


def downgrade() -> None:
    op.drop_index("job_checking", table_name="job")
    op.drop_column("artifact", "excused")
    op.drop_column("job", "compared")
    op.drop_column("job", "control_of")
    op.drop_table("baseline")
