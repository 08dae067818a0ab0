"""Keep when a task was told as overdue, and when it was escalated."""

import sqlalchemy as sa
from alembic import op

revision = "c3f60a82d91b"
down_revision = "5d1c8e07a4f3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "task", sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True, comment="when it counted as overdue, once that has come")
    )
    op.add_column("task", sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True, comment="when those above its owner were told"))


def downgrade() -> None:
    op.drop_column("task", "escalated_at")
    op.drop_column("task", "overdue_at")
