"""rates that convert old events when the reporting currency has changed"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NUMBER = "of the change, as in the table company"


def upgrade() -> None:
    op.create_table(
        "day_rate",
        sa.Column("number", sa.Integer(), nullable=False, comment=_NUMBER),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rate", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("number", "day", name=op.f("pk_day_rate")),
        comment="units of the new reporting currency for one of the old, by day",
    )
    op.create_table(
        "deal_rate",
        sa.Column("number", sa.Integer(), nullable=False, comment=_NUMBER),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("rate", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("number", "deal_id", name=op.f("pk_deal_rate")),
        comment="the rate of the day on which the deal was opened: all its amounts are converted by it",
    )
