"""Reads of leads, within the reader's reach."""

from sqlalchemy import ARRAY, ColumnElement, Text, func, select, type_coerce

from lead_svc.leads.rules import ListedLead
from lead_svc.leads.tables import LEAD, LEADS
from shared import scope
from shared.auth import Actor
from shared.http.listing import Listing
from shared.scoped import Scoped
from shared.spelling import normal_source

_FLAGS = func.array(select(func.jsonb_object_keys(LEAD.c.flags)).correlate(LEAD).scalar_subquery())

LEADS_LIST = Listing(
    LEAD,
    ListedLead,
    filters={
        "state": LEAD.c.state,
        "source": LEAD.c.source,
        "campaign": LEAD.c.campaign,
        "owner_id": LEAD.c.owner_id,
        "team_id": LEAD.c.team_id,
        "region": LEAD.c.region,
        "product": LEAD.c.product,
        "industry": LEAD.c.industry,
        "grade": LEAD.c.grade,
        "score": LEAD.c.score,
        "account_id": LEAD.c.account_id,
        "deal_id": LEAD.c.deal_id,
        "external_id": LEAD.c.external_id,
        "reason": LEAD.c.reason,
        "imported": LEAD.c.imported,
        "flag": type_coerce(_FLAGS, ARRAY(Text)),
        "captured_at": LEAD.c.captured_at,
        "created_at": LEAD.c.created_at,
        "last_contact_at": LEAD.c.last_contact_at,
    },
    sorts=("created_at", "captured_at", "updated_at"),
    default="-created_at",
    search=(LEAD.c.title, LEAD.c.company, LEAD.c.contact_name, LEAD.c.external_id),
    personal=(LEAD.c.contact_name, LEAD.c.reason),
    stored={"source": normal_source},
)


def lead_visible(actor: Actor) -> ColumnElement[bool]:
    return scope.visible(actor, LEAD.c.owner_id)


SEEN_LEADS = Scoped(LEADS, lead_visible)
