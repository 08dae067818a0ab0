"""Count approvals of quotes: of each deal how the submissions of its quotes ended, and what follows from it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "c93d1f70b8a5"
down_revision = "2f8c07b5d9e4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The lane of quotes has other code now, so its worker projects it again: approvals of the past count too.
    op.create_table(
        "submitted_deal",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("told", JSONB(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submitted_deal")),
    )
    op.create_table(
        "quote_approval_fact",
        sa.Column("owner_id", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("team_id", sa.Uuid(), autoincrement=False, nullable=True),
        *[sa.Column(name, sa.Text(), autoincrement=False, nullable=True) for name in _TEXTS],
        sa.Column("deal_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quote_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("tier", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("wait_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("wait_bucket", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("deal_id", "n", name=op.f("pk_quote_approval_fact")),
    )
    op.create_index("ix_quote_approval_fact_kind_at", "quote_approval_fact", ["kind", "at"])
    op.create_index("ix_quote_approval_fact_owner_id", "quote_approval_fact", ["owner_id"])


_TEXTS = ("source", "product", "region", "campaign", "deal_kind", "medium")


def downgrade() -> None:
    op.drop_table("quote_approval_fact")
    op.drop_table("submitted_deal")
