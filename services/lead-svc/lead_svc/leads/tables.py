from sqlalchemy import CheckConstraint, Column, ColumnElement, Index, Integer, and_, text

from lead_svc.leads import keys
from lead_svc.leads.record import Lead, Prediction, Score
from lead_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import SILENT, table

OPEN_ROWS = text("lead.state NOT IN ('converted', 'disqualified')")
"""Leads that are not closed. In these words the index by owner is met, whatever else is asked."""

DORMANT_ROWS = text("lead.state = 'disqualified' AND lead.reason = 'no_response_3'")
"""Leads that were given up because nobody answered. In these words their index is met."""

LEAD = table(
    "lead",
    metadata,
    Lead,
    Column("score", Integer, comment="of the release before, which never filled it: goes with the next one"),
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
    Index("ix_lead_contact", "contact_id", postgresql_where=text("contact_id IS NOT NULL")),
    Index("ix_lead_referrer", "referrer_account_id", postgresql_where=text("referrer_account_id IS NOT NULL")),
    Index("ix_lead_dormant", "id", postgresql_where=text("state = 'disqualified' AND reason = 'no_response_3'")),
    Index("ix_lead_open_owner", "owner_id", "state", postgresql_where=text("state NOT IN ('converted', 'disqualified')")),
)


def _found_by(name: str, key: ColumnElement[str], *known: str) -> None:
    """An index that finds leads by what they have in common, the newest first; of leads that say so much alone."""
    Index(name, key, LEAD.c.created_at, postgresql_where=and_(*[LEAD.c[column].is_not(None) for column in known]))


_found_by("ix_lead_email_newest", keys.email_key(LEAD.c.email), "email")
_found_by("ix_lead_phone_newest", keys.phone_key(LEAD.c.phone), "phone")
_found_by("ix_lead_company_name_newest", keys.company_and_name(LEAD.c.company, LEAD.c.contact_name), "contact_name", "company")

LEADS = Aggregate(LEAD, Lead, "lead")

LEAD_SCORE = table(
    "lead_score",
    metadata,
    Score,
    Index("ix_lead_score_points", "points", "lead_id"),
    Index("ix_lead_score_next", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    comment="what the rules of the scoring model give each lead",
    info=SILENT,
)
SCORES = Aggregate(LEAD_SCORE, Score, "score")

LEAD_PREDICTION = table(
    "lead_prediction",
    metadata,
    Prediction,
    CheckConstraint("probability >= 0 AND probability <= 100", name="probability"),
    comment="what a model of somebody else predicts of a lead; shown beside the score",
)
PREDICTIONS = Aggregate(LEAD_PREDICTION, Prediction, "prediction")
