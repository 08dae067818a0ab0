"""Keep the drives by which campaigns take dormant leads up again, and the leads that each took up."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "70b2ce94d1f6"
down_revision = "c58e03d7f2a9"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaign_drive",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offer", sa.Text(), nullable=True),
        sa.Column("chosen", JSONB(), nullable=False, comment="conditions, last_contact_before"),
        *[sa.Column(name, sa.Integer(), nullable=False) for name in ("looked_at", "found", "left_out", "reactivated")],
        sa.Column("after", sa.Uuid(), nullable=True, comment="the last lead that was looked at"),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("by_role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_drive")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_drive_campaign_id_campaign")),
        comment="dormant leads that a campaign takes up again in bulk",
    )
    op.create_index("ix_campaign_drive_campaign", "campaign_drive", ["campaign_id", "created_at", "id"])
    op.create_index("ix_campaign_drive_open", "campaign_drive", ["id"], postgresql_where=sa.text("state IN ('counting', 'running')"))
    op.create_table(
        "campaign_drive_lead",
        sa.Column("drive_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "lead_id", name=op.f("pk_campaign_drive_lead")),
        sa.ForeignKeyConstraint(["drive_id"], ["campaign_drive.id"], name=op.f("fk_campaign_drive_lead_drive_id_campaign_drive")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_campaign_drive_lead_lead_id_lead")),
        comment="the leads that a drive took up again",
    )


def downgrade() -> None:
    op.drop_table("campaign_drive_lead")
    op.drop_table("campaign_drive")
