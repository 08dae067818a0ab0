from sqlalchemy import CheckConstraint, Index

from lead_svc.campaigns.record import Campaign, Correction, Spend
from lead_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import table

CAMPAIGN = table(
    "campaign",
    metadata,
    Campaign,
    CheckConstraint("(budget_amount IS NULL) = (budget_currency IS NULL) AND budget_amount >= 0", name="budget"),
    CheckConstraint("ends_on >= starts_on", name="days"),
    Index("ix_campaign_created", "created_at", "id"),
    Index("ix_campaign_name", "name", "id"),
)
SPEND = table(
    "campaign_spend",
    metadata,
    Spend,
    CheckConstraint("amount >= 0 AND fx > 0", name="amount"),
    CheckConstraint("ends_on >= starts_on", name="days"),
    Index("ix_campaign_spend_campaign", "campaign_id", "starts_on", "id"),
)
CORRECTION = table(
    "campaign_spend_correction",
    metadata,
    Correction,
    Index("ix_campaign_spend_correction_spend", "spend_id", "at", "id"),
    comment="append-only",
)

CAMPAIGNS = Aggregate(CAMPAIGN, Campaign, "campaign")
SPENDS = Aggregate(SPEND, Spend, "spend record")
