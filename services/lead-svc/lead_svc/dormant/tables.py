from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint, Table, Uuid, text

from lead_svc.dormant.record import Drive
from lead_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import table
from shared.db.tables import At

DRIVE = table(
    "campaign_drive",
    metadata,
    Drive,
    Index("ix_campaign_drive_campaign", "campaign_id", "created_at", "id"),
    Index("ix_campaign_drive_open", "id", postgresql_where=text("state IN ('counting', 'running')")),
    comment="dormant leads that a campaign takes up again in bulk",
)
DRIVES = Aggregate(DRIVE, Drive, "drive")

DRIVEN = Table(
    "campaign_drive_lead",
    metadata,
    Column("drive_id", Uuid, ForeignKey("campaign_drive.id"), nullable=False),
    Column("lead_id", Uuid, ForeignKey("lead.id"), nullable=False),
    Column("at", At, nullable=False),
    PrimaryKeyConstraint("drive_id", "lead_id"),
    comment="the leads that a drive took up again",
)
