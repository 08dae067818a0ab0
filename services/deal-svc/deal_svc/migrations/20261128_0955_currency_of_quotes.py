"""A quote may be in a currency of its own, and knows the day of its rate."""

import sqlalchemy as sa
from alembic import op

revision = "208cfeaad7b7"
down_revision = "b3f1d86c0e57"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("quote", sa.Column("fx_day", sa.Date(), nullable=True, comment="the day of that rate, where there was none for the day itself"))


def downgrade() -> None:
    op.drop_column("quote", "fx_day")
