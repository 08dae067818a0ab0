"""Break figures down by industry."""

import sqlalchemy as sa
from alembic import op

revision = "d4907be1c3a5"
down_revision = "5883d213ebb1"
branch_labels = None
depends_on = None

_FACTS = (
    "allocation_fact", "amount_fact", "deadline_fact", "deal_fact", "goal_fact", "interaction_fact",
    "lead_fact", "lead_goal_fact", "milestone_fact", "outcome_fact", "payment_fact", "quiet_fact",
    "quote_fact", "visit_fact", "win_fact",
)


def upgrade() -> None:
    for fact in _FACTS:
        op.add_column(fact, sa.Column("industry", sa.Text(), autoincrement=False, nullable=True))


def downgrade() -> None:
    for fact in _FACTS:
        op.drop_column(fact, "industry")
