"""Keep when a task was told as overdue, and when it was escalated; find the deadlines that end soonest."""

import sqlalchemy as sa
from alembic import op

revision = "c3f60a82d91b"
down_revision = "5d1c8e07a4f3"
branch_labels = None
depends_on = None


def _at(name: str, comment: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True, comment=comment)


def upgrade() -> None:
    op.add_column("task", _at("overdue_at", "when it counted as overdue, once that has come"))
    op.add_column("task", _at("escalated_at", "when those above its owner were told"))
    op.create_index("ix_deadline_open", "deadline", ["due_at", "id"], postgresql_where=sa.text("state = 'running'"))


def downgrade() -> None:
    op.drop_index("ix_deadline_open", "deadline")
    op.drop_column("task", "escalated_at")
    op.drop_column("task", "overdue_at")
