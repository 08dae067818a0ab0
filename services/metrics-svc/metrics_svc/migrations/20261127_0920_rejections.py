"""Count rejected quotes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "b06d2f9e17a4"
down_revision = "5883d213ebb1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rejecting_deal",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("rejections", JSONB(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejecting_deal")),
    )
    texts = ("source", "product", "region", "campaign", "deal_kind", "medium")
    op.create_table(
        "rejection_fact",
        sa.Column("owner_id", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("team_id", sa.Uuid(), autoincrement=False, nullable=True),
        *[sa.Column(name, sa.Text(), autoincrement=False, nullable=True) for name in texts],
        sa.Column("deal_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("net", sa.Numeric(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("deal_id", "n", name=op.f("pk_rejection_fact")),
    )
    op.create_index("ix_rejection_fact_at", "rejection_fact", ["at"])
    op.create_index("ix_rejection_fact_owner_id", "rejection_fact", ["owner_id"])


def downgrade() -> None:
    op.drop_table("rejection_fact")
    op.drop_table("rejecting_deal")
