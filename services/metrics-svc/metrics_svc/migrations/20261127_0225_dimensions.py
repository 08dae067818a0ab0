"""Break figures down by campaign, kind of deal and channel. What was told before has none of these."""

import sqlalchemy as sa
from alembic import op

revision = "5c8e17d3fa60"
down_revision = "a3402fe4b8a2"
branch_labels = None
depends_on = None

_FACTS = (
    "lead_fact",
    "deal_fact",
    "visit_fact",
    "outcome_fact",
    "amount_fact",
    "goal_fact",
    "lead_goal_fact",
    "milestone_fact",
    "payment_fact",
    "allocation_fact",
)
_ADDED = ("campaign", "deal_kind", "medium")


def upgrade() -> None:
    for fact in _FACTS:
        for name in _ADDED:
            op.add_column(fact, sa.Column(name, sa.Text(), autoincrement=False, nullable=True))


def downgrade() -> None:
    for fact in _FACTS:
        for name in _ADDED:
            op.drop_column(fact, name)
