from sqlalchemy import Index, text

from lead_svc.merging.record import Merge
from lead_svc.metadata import metadata
from shared.db.record import table

MERGE = table(
    "merge",
    metadata,
    Merge,
    Index("uq_merge_absorbed", "absorbed_id", unique=True, postgresql_where=text("undone_at IS NULL")),
    Index("ix_merge_absorbed_id", "absorbed_id", "id"),
    Index("ix_merge_survivor_id", "survivor_id", "id"),
    comment="which record was taken into which other one, and all that is needed to undo it",
)
