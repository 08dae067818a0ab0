"""Say of which day a deal's frozen rate is, where there was none for the day itself."""

import sqlalchemy as sa
from alembic import op

revision = "3f7a90c1d62e"
down_revision = "2c20cea0dce4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "deal", sa.Column("fx_day", sa.Date(), nullable=True, comment="the day of that rate, where there was none for the day itself")
    )


def downgrade() -> None:
    op.drop_column("deal", "fx_day")
