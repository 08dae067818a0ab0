"""Contacts that were logged by a slip are set right, and counted as they are then."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "8e20b6d4f17a"
down_revision = "c41e7d90b2a8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default stays: processes of the release before write rows without it while an upgrade rolls.
    op.add_column("worked_lead", sa.Column("corrections", JSONB(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("worked_lead", "corrections")
