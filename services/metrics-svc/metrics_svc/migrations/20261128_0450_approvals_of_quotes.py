"""Open approvals of quotes name the quote, and show its deal to those who approve."""

import sqlalchemy as sa
from alembic import op

revision = "d15f7c20a9e4"
down_revision = "8e20b6d4f17a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("work_item", sa.Column("quote_id", sa.Uuid(), autoincrement=False, nullable=True))
    op.alter_column("feed_owner", "deal_id", existing_type=sa.Uuid(), comment="of a contract, or of a quote that is up for approval")
    op.alter_column(
        "feed_owner",
        "review",
        existing_type=sa.Boolean(),
        comment="of a contract or a quote: whether it is in review, or up for approval",
    )


def downgrade() -> None:
    op.alter_column("feed_owner", "review", existing_type=sa.Boolean(), comment="of a contract: whether it is in review")
    op.alter_column("feed_owner", "deal_id", existing_type=sa.Uuid(), comment="of a contract")
    op.drop_column("work_item", "quote_id")
