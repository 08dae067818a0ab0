from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from lead_svc.leads.record import Lead
from lead_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.tables import At

LEAD = Table(
    "lead",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("external_id", Text, unique=True),
    Column("state", Text, nullable=False),
    Column("captured_at", At, comment="first contact; empty while the lead is a stub that only an import has named"),
    # Attribution
    Column("source", Text),
    Column("campaign", Text),
    Column("medium", Text),
    Column("first_touch", Text),
    Column("last_touch", Text),
    Column("referrer_account_id", Uuid),
    # What it is about, and with whom
    Column("title", Text),
    Column("company", Text),
    Column("contact_name", Text, comment="personal"),
    Column("email", Text, comment="personal"),
    Column("phone", Text, comment="personal"),
    Column("job_title", Text),
    Column("region", Text),
    Column("industry", Text),
    Column("size", Text),
    Column("product", Text),
    # Who works on it
    Column("owner_id", Uuid),
    Column("team_id", Uuid),
    # Qualification
    Column("score", Integer),
    Column("grade", Text, nullable=False),
    Column("bant", JSONB, nullable=False, comment="dimension -> status, evidence, by, at, months"),
    Column("bant_score", Integer, nullable=False),
    Column("intent", Text),
    # Contact with the customer
    Column("responses", Integer, nullable=False),
    Column("no_response_count", Integer, nullable=False),
    Column("no_response_on", Date),
    Column("last_response_at", At),
    Column("last_contact_at", At),
    # Why it is where it is
    Column("reason", Text),
    Column("note", Text),
    Column("wake_at", At),
    Column("reactivations", Integer, nullable=False),
    # Conversion
    Column("account_id", Uuid),
    Column("contact_id", Uuid),
    Column("deal_id", Uuid),
    Column("conversion_id", Uuid),
    Column("refusal", Text),
    Column("deal_opened_at", At),
    Column("deal_won_at", At),
    Column("flags", JSONB, nullable=False, comment="flag -> true"),
    Column("imported", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("ix_lead_created", "created_at", "id"),
    Index("ix_lead_captured", "captured_at", "id"),
    Index("ix_lead_updated", "updated_at", "id"),
    Index("ix_lead_owner", "owner_id", "created_at", "id"),
    Index("ix_lead_team", "team_id", "created_at", "id"),
    Index("ix_lead_state", "state", "created_at", "id"),
    Index("ix_lead_source", "source", "created_at", "id"),
    Index("ix_lead_account", "account_id"),
    Index("ix_lead_deal", "deal_id"),
)

LEADS = Aggregate(LEAD, Lead, "lead")
