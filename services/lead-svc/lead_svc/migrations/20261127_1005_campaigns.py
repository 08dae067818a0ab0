"""Keep campaigns, what was spent on them, and what such an amount was corrected from; find the leads of a campaign."""

import sqlalchemy as sa
from alembic import op

revision = "c3d81f5a90e7"
down_revision = "f16c9ad2470b"
branch_labels = None
depends_on = None


def _amount(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Numeric(18, 4), nullable=nullable)


def _stamps() -> list[sa.Column[object]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("created_at", "updated_at")]


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        *[sa.Column(name, sa.Text(), nullable=True) for name in ("plan", "source", "medium", "product", "region")],
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        _amount("budget_amount", nullable=True),
        sa.Column("budget_currency", sa.Text(), nullable=True),
        *_stamps(),
        sa.CheckConstraint(
            "(budget_amount IS NULL) = (budget_currency IS NULL) AND budget_amount >= 0", name=op.f("ck_campaign_budget")
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_campaign_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
    )
    op.create_index("ix_campaign_created", "campaign", ["created_at", "id"])
    op.create_index("ix_campaign_name", "campaign", ["name", "id"])
    op.create_table(
        "campaign_spend",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        _amount("amount"),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("fx", sa.Numeric(), nullable=False),
        sa.Column("fx_day", sa.Date(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        *_stamps(),
        sa.CheckConstraint("amount >= 0 AND fx > 0", name=op.f("ck_campaign_spend_amount")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_campaign_spend_days")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_spend_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_spend")),
        sa.UniqueConstraint("external_id", name=op.f("uq_campaign_spend_external_id")),
    )
    op.create_index("ix_campaign_spend_campaign", "campaign_spend", ["campaign_id", "starts_on", "id"])
    op.create_table(
        "campaign_spend_correction",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("spend_id", sa.Uuid(), nullable=False),
        _amount("previous"),
        _amount("amount"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["spend_id"], ["campaign_spend.id"], name=op.f("fk_campaign_spend_correction_spend_id_campaign_spend")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_spend_correction")),
        comment="append-only",
    )
    op.create_index("ix_campaign_spend_correction_spend", "campaign_spend_correction", ["spend_id", "at", "id"])
    op.create_index(
        "ix_lead_campaign", "lead", ["campaign", "created_at", "id"], postgresql_where=sa.text("campaign IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_lead_campaign", "lead")
    for name in ("campaign_spend_correction", "campaign_spend", "campaign"):
        op.drop_table(name)
