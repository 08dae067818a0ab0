"""Count what was paid without tax, and with it beside that."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "b1d6e94f2c70"
down_revision = "d15f7c20a9e4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default stays: processes of the release before write rows without it while an upgrade rolls.
    op.add_column("deal_fact", sa.Column("nets", JSONB(), autoincrement=False, nullable=False, server_default="[]"))
    op.add_column("goal_fact", sa.Column("gross", sa.Numeric(), autoincrement=False, nullable=True))


def downgrade() -> None:
    op.drop_column("goal_fact", "gross")
    op.drop_column("deal_fact", "nets")
