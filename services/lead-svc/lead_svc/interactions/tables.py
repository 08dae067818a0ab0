from sqlalchemy import Index

from lead_svc.interactions.record import Interaction
from lead_svc.metadata import metadata
from shared.db.record import table

INTERACTION = table(
    "interaction",
    metadata,
    Interaction,
    Index("ix_interaction_lead", "lead_id", "at", "id"),
    comment="the texts may name people, so they are in no event",
)
