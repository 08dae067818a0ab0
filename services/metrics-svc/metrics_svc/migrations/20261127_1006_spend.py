"""Count what was spent on campaigns: each amount as it is now, and the part of it of each day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "a94e6b1d30c8"
down_revision = "b07d52e9c4a1"
branch_labels = None
depends_on = None

_TEXTS = ("source", "product", "region", "campaign", "deal_kind", "medium")


def upgrade() -> None:
    # The lane's reader starts at the beginning of the log.
    op.create_table(
        "spend_record",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        *[sa.Column(name, sa.Text(), autoincrement=False, nullable=True) for name in _TEXTS if name != "deal_kind"],
        sa.Column("days", JSONB(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spend_record")),
    )
    op.create_table(
        "spend_fact",
        *[sa.Column(name, sa.Uuid(), autoincrement=False, nullable=True) for name in ("owner_id", "team_id")],
        *[sa.Column(name, sa.Text(), autoincrement=False, nullable=True) for name in _TEXTS],
        sa.Column("spend_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("amount", sa.Numeric(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("spend_id", "n", name=op.f("pk_spend_fact")),
    )
    op.create_index("ix_spend_fact_at", "spend_fact", ["at"])
    op.create_index("ix_spend_fact_campaign_at", "spend_fact", ["campaign", "at"])


def downgrade() -> None:
    op.drop_table("spend_fact")
    op.drop_table("spend_record")
