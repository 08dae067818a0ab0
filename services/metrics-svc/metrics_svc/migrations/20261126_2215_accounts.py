"""Let figures be read by account and by the deals that somebody has a part in."""

import sqlalchemy as sa
from alembic import op

revision = "331c530d1012"
down_revision = "05a9334c325c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, column in (("lead_fact", "account_id"), ("allocation_fact", "deal_id")):
        op.add_column(table, sa.Column(column, sa.Uuid(), autoincrement=False, nullable=True))
    for table in ("lead_fact", "deal_fact"):
        op.create_index(f"ix_{table}_account_id", table, ["account_id"], postgresql_where=sa.text("account_id IS NOT NULL"))
    for table in ("milestone_fact", "payment_fact", "allocation_fact"):
        op.create_index(f"ix_{table}_deal_id", table, ["deal_id"])
