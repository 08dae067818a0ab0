from sqlalchemy import CheckConstraint, Index, text

from lead_svc.leads.record import Lead
from lead_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import table

OPEN_ROWS = text("lead.state NOT IN ('converted', 'disqualified')")
"""Leads that are not closed. In these words the index by owner is met, whatever else is asked."""

LEAD = table(
    "lead",
    metadata,
    Lead,
    CheckConstraint("bant_score >= 0 AND bant_score <= 100", name="bant_score"),
    CheckConstraint("responses >= 0 AND no_response_count >= 0 AND reactivations >= 0", name="counts"),
    Index("ix_lead_created", "created_at", "id"),
    Index("ix_lead_captured", "captured_at", "id"),
    Index("ix_lead_updated", "updated_at", "id"),
    Index("ix_lead_owner", "owner_id", "created_at", "id"),
    Index("ix_lead_team", "team_id", "created_at", "id"),
    Index("ix_lead_state", "state", "created_at", "id"),
    Index("ix_lead_source", "source", "created_at", "id"),
    Index("ix_lead_campaign", "campaign", "created_at", "id", postgresql_where=text("campaign IS NOT NULL")),
    Index("ix_lead_account", "account_id"),
    Index("ix_lead_owner_account", "owner_id", "account_id", postgresql_where=text("account_id IS NOT NULL")),
    Index("ix_lead_deal", "deal_id"),
    Index("ix_lead_open_owner", "owner_id", "state", postgresql_where=text("state NOT IN ('converted', 'disqualified')")),
)

LEADS = Aggregate(LEAD, Lead, "lead")
