"""Open approvals name the content that they are asked for, and what is overdue is found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "c41e7d90b2a8"
down_revision = "b9d04c7e1f36"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("work_item", sa.Column("content_hash", sa.Text(), autoincrement=False, nullable=True))
    op.create_index("ix_work_item_overdue_due_at_id", "work_item", ["overdue", "due_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_work_item_overdue_due_at_id", "work_item")
    op.drop_column("work_item", "content_hash")
