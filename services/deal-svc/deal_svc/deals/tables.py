"""Deals, the leads that joined them, the conversions that were refused, and the account names that lead-svc told of."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from deal_svc.deals.rules import Deal
from deal_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.tables import At

DEAL = Table(
    "deal",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("stage_since", At, nullable=False),
    Column("cycle", Integer, nullable=False, comment="1, and one more with each reopening"),
    Column("probability", Integer, nullable=False, comment="percent"),
    Column("amount", Numeric(18, 4), nullable=False),
    Column("currency", Text, nullable=False),
    Column("fx", Numeric(18, 8), nullable=False, comment="units of the reporting currency for one unit of currency, frozen"),
    Column("expected_close_on", Date),
    Column("owner_id", Uuid),
    Column("team_id", Uuid),
    Column("account_id", Uuid),
    Column("account_name", Text),
    Column("lead_id", Uuid, comment="the primary lead; further ones are in deal_lead"),
    Column("conversion_id", Uuid),
    Column("source", Text),
    Column("product", Text, comment="product line"),
    Column("region", Text),
    Column("competitor", Text),
    Column("needs", Text, comment="as restated to the customer"),
    Column("needs_confirmed_at", At),
    Column("needs_confirmed_by", Uuid, comment="a contact of lead-svc"),
    Column("next_step", Text),
    Column("next_step_due_at", At),
    Column("opened_at", At, nullable=False),
    Column("closed_at", At),
    Column("closed_from", Text, comment="the stage it was in when it was won or lost"),
    Column("close_reason", Text, comment="why it was lost, or the evidence of a manual win"),
    Column("close_note", Text),
    Column("manual_win", Boolean, nullable=False),
    Column("quote_id", Uuid, comment="the accepted quote"),
    Column("contract_id", Uuid),
    Column("contract_starts_on", Date),
    Column("external_id", Text),
    Column("imported", Boolean, nullable=False),
    Column("flags", JSONB, nullable=False, comment="flag -> true: odd but true, kept, and marked for people to see"),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    UniqueConstraint("external_id"),
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

DEAL_LEAD = Table(
    "deal_lead",
    metadata,
    Column("deal_id", Uuid, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("conversion_id", Uuid, nullable=False),
    Column("joined_at", At, nullable=False),
    PrimaryKeyConstraint("deal_id", "lead_id"),
    comment="further leads that were converted into a deal: assists",
)

CONVERSION_REFUSAL = Table(
    "conversion_refusal",
    metadata,
    Column("id", Uuid, primary_key=True, comment="the conversion's id"),
    Column("version", BigInteger, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("deal_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("refused_at", At, nullable=False),
)

ACCOUNT_NAME = Table(
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
