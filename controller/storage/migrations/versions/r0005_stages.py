"""circles are built in stages, and only what the last one makes is published"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("artifact", "job"):
        op.add_column(table, sa.Column("stage", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    for table in ("job", "artifact"):
        op.drop_column(table, "stage")
