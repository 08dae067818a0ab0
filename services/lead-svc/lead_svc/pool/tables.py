from sqlalchemy import Index, text

from lead_svc.metadata import metadata
from lead_svc.pool.record import Holding
from shared.db.record import table

HOLDING = table(
    "lead_holding",
    metadata,
    Holding,
    Index("ix_lead_holding_lead", "lead_id", "at"),
    Index("ix_lead_holding_claims", "person_id", "at", postgresql_where=text("change = 'claimed'")),
    comment="who claimed, got and lost leads; append-only",
)
