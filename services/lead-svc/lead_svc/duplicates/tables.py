from sqlalchemy import CheckConstraint, Index

from lead_svc.duplicates.record import Duplicate
from lead_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import table

DUPLICATE = table(
    "lead_duplicate",
    metadata,
    Duplicate,
    CheckConstraint("lead_id < other_id", name="order"),
    Index("ix_lead_duplicate_lead_id", "lead_id"),
    Index("ix_lead_duplicate_other_id", "other_id"),
    Index("ix_lead_duplicate_created", "created_at", "id"),
    comment="pairs of leads that may be the same, each once; no row where nobody has looked yet",
)

DUPLICATES = Aggregate(DUPLICATE, Duplicate, "pair of leads")
