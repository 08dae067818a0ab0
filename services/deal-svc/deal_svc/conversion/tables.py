"""Joined leads and refused conversions."""

from deal_svc.conversion.record import JoinedLead, Refusal
from deal_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import table

DEAL_LEAD = table(
    "deal_lead",
    metadata,
    JoinedLead,
    key=("deal_id", "lead_id"),
    comment="further leads that were converted into a deal: assists",
)
REFUSALS = Aggregate(table("conversion_refusal", metadata, Refusal), Refusal, "refusal")
