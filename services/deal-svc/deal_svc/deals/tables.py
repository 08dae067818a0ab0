"""Deals, and what lead-svc told of their accounts."""

from sqlalchemy import CheckConstraint, Index

from deal_svc.deals.record import Account, Deal, Review
from deal_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import table

DEAL = table(
    "deal",
    metadata,
    Deal,
    CheckConstraint("amount >= 0", "amount"),
    CheckConstraint("fx > 0", "fx"),
    CheckConstraint("probability >= 0 AND probability <= 100", "probability"),
    CheckConstraint("cycle > 0", "cycle"),
    Index(None, "created_at", "id"),
    Index(None, "updated_at", "id"),
    Index(None, "opened_at", "id"),
    Index(None, "closed_at", "id"),
    Index(None, "expected_close_on", "id"),
    Index(None, "amount", "id"),
    Index(None, "owner_id", "stage"),
    Index(None, "team_id", "stage"),
    Index(None, "stage", "stage_since"),
    Index(None, "account_id"),
    Index(None, "lead_id"),
)
DEALS = Aggregate(DEAL, Deal, "deal")

CONTRACT_REVIEW = table(
    "contract_review",
    metadata,
    Review,
    Index(None, "deal_id"),
    key=("contract_id",),
    comment="contracts up for approval: their deals are seen by those who approve",
)
ACCOUNT_NAME = table("account_name", metadata, Account, comment="what lead-svc, the party master, told of accounts")
