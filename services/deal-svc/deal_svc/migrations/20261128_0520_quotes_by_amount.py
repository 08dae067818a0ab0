"""Quotes keep a total discount as an amount, where tax is rounded, the promised day of delivery, and who buys and sells."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c5e08f6b3d17"
down_revision = "4b8e0d6a91c7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("total_discount_amount", sa.Numeric(18, 4), nullable=True, comment="where it was named as an amount"),
        sa.Column(
            "tax_rounding",
            sa.Text(),
            server_default=sa.text("'line'"),
            nullable=False,
            comment="where tax is rounded: by line, or on the total of a rate",
        ),
        sa.Column("delivery_on", sa.Date(), nullable=True, comment="the day that is promised"),
        sa.Column("buyer", postgresql.JSONB(), nullable=True, comment="who buys, as the customer wants to be named"),
        sa.Column("seller", postgresql.JSONB(), nullable=True, comment="who sells, where it is not the company of the policy"),
    ):
        op.add_column("quote", column)


def downgrade() -> None:
    for name in ("seller", "buyer", "delivery_on", "tax_rounding", "total_discount_amount"):
        op.drop_column("quote", name)
