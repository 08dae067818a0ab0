from sqlalchemy import Index

from lead_svc.automation.record import Firing
from lead_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import table

FIRING = table(
    "lead_automation",
    metadata,
    Firing,
    Index("ix_lead_automation_lead", "lead_id", "rule", "at"),
    comment="append-only: what rules did",
)
FIRINGS = Aggregate(FIRING, Firing, "firing of a rule")
