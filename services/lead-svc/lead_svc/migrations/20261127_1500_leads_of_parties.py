"""Find the leads of a contact, and those that an account recommended, by indexes: they move when these are merged."""

import sqlalchemy as sa
from alembic import op

revision = "5f20c8e4b97d"
down_revision = "a3d9e6027bf1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_lead_contact", "lead", ["contact_id"], postgresql_where=sa.text("contact_id IS NOT NULL"))
    op.create_index("ix_lead_referrer", "lead", ["referrer_account_id"], postgresql_where=sa.text("referrer_account_id IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_lead_referrer", "lead")
    op.drop_index("ix_lead_contact", "lead")
