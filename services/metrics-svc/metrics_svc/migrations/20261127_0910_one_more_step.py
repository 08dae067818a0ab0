"""A further step of the funnel: the worker projects the deals again from the log when it starts, and fills it."""

import sqlalchemy as sa
from alembic import op

revision = "9e20b7d1f4c6"
down_revision = "5883d213ebb1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for fact in ("lead_fact", "amount_fact"):
        op.add_column(fact, sa.Column("f8_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True))


def downgrade() -> None:
    for fact in ("lead_fact", "amount_fact"):
        op.drop_column(fact, "f8_at")
