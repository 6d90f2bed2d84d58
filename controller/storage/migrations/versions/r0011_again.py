"""batches that left something behind since others were published first"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batch", sa.Column("again", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_batch_again", "batch", ["again"])


def downgrade() -> None:
    op.drop_index("ix_batch_again", table_name="batch")
    op.drop_column("batch", "again")
