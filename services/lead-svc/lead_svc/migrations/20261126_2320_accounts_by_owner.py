"""Find the accounts of somebody's leads, deals and contracts, and of the pool, in an index alone: lists of accounts ask for them."""

import sqlalchemy as sa
from alembic import op

revision = "b83f1c06e2d9"
down_revision = "5d0e9b7c31f4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_lead_owner_account", "lead", ["owner_id", "account_id"], postgresql_where=sa.text("account_id IS NOT NULL"))
    op.drop_index("ix_dealing_owner", "dealing")
    op.create_index("ix_dealing_owner", "dealing", ["owner_id", "kind", "account_id"])
