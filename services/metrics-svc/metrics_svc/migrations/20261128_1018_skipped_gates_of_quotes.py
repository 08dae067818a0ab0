"""Show with an accepted quote which guards its deal had not met."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "6d28e5b0f374"
down_revision = "c93d1f70b8a5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The defaults stay: processes of the release before write rows without them while an upgrade rolls.
    op.add_column("quoted_deal", sa.Column("skipped", JSONB(), autoincrement=False, nullable=False, server_default="[]"))
    op.add_column("quote_fact", sa.Column("skipped_gates", JSONB(), autoincrement=False, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("quote_fact", "skipped_gates")
    op.drop_column("quoted_deal", "skipped")
