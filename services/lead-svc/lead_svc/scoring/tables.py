from sqlalchemy import Index

from lead_svc.metadata import metadata
from lead_svc.scoring.record import Rescoring
from shared.db.record import table

RESCORING = table(
    "rescoring",
    metadata,
    Rescoring,
    Index("ix_rescoring_started", "started_at", "id"),
    comment="each scoring model on its way through all leads",
)
