"""Find leads that were given up because nobody answered."""

import sqlalchemy as sa
from alembic import op

revision = "e6a1c9f3507d"
down_revision = "91e3b7d05fa2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_lead_dormant", "lead", ["id"], postgresql_where=sa.text("state = 'disqualified' AND reason = 'no_response_3'"))


def downgrade() -> None:
    op.drop_index("ix_lead_dormant", "lead")
