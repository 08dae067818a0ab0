"""Count quotes: of each deal what its quotes told, and what follows from it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "7d40c2b96e15"
down_revision = "5c8e17d3fa60"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The lane's reader starts at the beginning of the log, so that quotes of the past count too.
    op.create_table(
        "quoted_deal",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("quotes", JSONB(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quoted_deal")),
    )
    op.create_table(
        "quote_fact",
        sa.Column("owner_id", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("team_id", sa.Uuid(), autoincrement=False, nullable=True),
        *[sa.Column(name, sa.Text(), autoincrement=False, nullable=True) for name in _TEXTS],
        sa.Column("deal_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("cohort_at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("list_total", sa.Numeric(), autoincrement=False, nullable=False),
        sa.Column("net", sa.Numeric(), autoincrement=False, nullable=False),
        sa.Column("accepted_owner_id", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("accepted_team_id", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("wait_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("wait_bucket", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("deal_id", "n", name=op.f("pk_quote_fact")),
        sa.CheckConstraint("wait_us >= 0 AND at >= cohort_at", name=op.f("ck_quote_fact_waiting")),
    )
    op.create_index("ix_quote_fact_kind_at", "quote_fact", ["kind", "at"])
    op.create_index("ix_quote_fact_kind_cohort_at", "quote_fact", ["kind", "cohort_at"])
    op.create_index("ix_quote_fact_owner_id", "quote_fact", ["owner_id"])
    op.create_index(
        "ix_quote_fact_accepted_owner_id",
        "quote_fact",
        ["accepted_owner_id"],
        postgresql_where=sa.text("accepted_owner_id IS NOT NULL"),
    )


_TEXTS = ("source", "product", "region", "campaign", "deal_kind", "medium")


def downgrade() -> None:
    op.drop_table("quote_fact")
    op.drop_table("quoted_deal")
