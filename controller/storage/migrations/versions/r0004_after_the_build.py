"""what came of a build beside what was predicted, and how plans were decided again"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("artifact", sa.Column("interface", sa.String(), nullable=False, server_default=""))
    op.add_column("artifact", sa.Column("difference", JSON, nullable=False, server_default="{}"))
    op.add_column("batch", sa.Column("basis", JSON, nullable=False, server_default="{}"))
    op.add_column("batch", sa.Column("forced", JSON, nullable=False, server_default="[]"))
    op.add_column("batch", sa.Column("revisions", JSON, nullable=False, server_default="[]"))
    op.add_column("job", sa.Column("before", JSON, nullable=False, server_default="{}"))
    op.add_column("job", sa.Column("due", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("job", sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("job_due", "job", ["batch_id"], postgresql_where=sa.text("due"), sqlite_where=sa.text("due"))


def downgrade() -> None:
    op.drop_index("job_due", table_name="job")
    for column in ("revision", "due", "before"):
        op.drop_column("job", column)
    for column in ("revisions", "forced", "basis"):
        op.drop_column("batch", column)
    for column in ("difference", "interface"):
        op.drop_column("artifact", column)
