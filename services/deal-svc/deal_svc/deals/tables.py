"""Deals."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Table, Text, Uuid, text

from deal_svc.deals.record import Deal
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

# What the release before kept of contracts and accounts. It still writes it while both are at work, so it goes with the next release.
Table(
    "contract_review",
    metadata,
    Column("contract_id", Uuid, primary_key=True),
    Column("deal_id", Uuid, nullable=False),
    Index(None, "deal_id"),
    comment="contracts up for approval: their deals are seen by those who approve",
)
Table(
    "account_name",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("region", Text),
    Column("owner_id", Uuid),
    Column("owner_known", Boolean, nullable=False, server_default=text("false"), comment="false until its events were read for owners"),
    Column("told_version", BigInteger, nullable=False, server_default=text("0"), comment="of the last event that it comes from"),
    comment="what lead-svc, the party master, told of accounts",
)
