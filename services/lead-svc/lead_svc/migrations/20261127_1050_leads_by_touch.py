"""Find the leads that a campaign has touched by an index."""

import sqlalchemy as sa
from alembic import op

revision = "5be91d7c20a6"
down_revision = "c6d2f08a91b4"
branch_labels = None
depends_on = None

_TOUCHES = sa.text("campaign IS NOT NULL AND lead_id IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_signal_campaign", "signal", ["campaign", "lead_id"], postgresql_where=_TOUCHES)


def downgrade() -> None:
    op.drop_index("ix_signal_campaign", "signal")
