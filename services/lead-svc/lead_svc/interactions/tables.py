from sqlalchemy import Column, Index, Table, Text, Uuid

from lead_svc.metadata import metadata
from shared.db.tables import At

INTERACTION = Table(
    "interaction",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("lead_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("at", At, nullable=False, comment="when it happened"),
    Column("by", Uuid, nullable=False),
    Column("key_points", Text),
    Column("feedback", Text),
    Column("questions", Text),
    Column("concerns", Text),
    Column("goals", Text),
    Column("recorded_at", At, nullable=False),
    Index("ix_interaction_lead", "lead_id", "at", "id"),
    comment="append-only; the texts may name people, so they are in no event",
)
