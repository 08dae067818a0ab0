"""Reads of deals, within the reader's reach."""

from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, bindparam, func, select, type_coerce

from deal_svc.deals.rules import Deal, JoinedLead
from deal_svc.deals.tables import ACCOUNT_NAME, DEAL, DEAL_LEAD, DEALS
from shared.auth import Actor
from shared.db import scope
from shared.db.query import Query
from shared.db.scoped import Scoped
from shared.db.tables import ROSTER
from shared.http.listing import Listing
from shared.spelling import normal_source

_FLAGS = func.array(select(func.jsonb_object_keys(DEAL.c.flags)).correlate(DEAL).scalar_subquery())

LIST = Listing(
    DEAL,
    Deal,
    filters={
        **{name: DEAL.c[name] for name in ("stage", "kind", "source", "product", "region", "currency", "amount")},
        **{name: DEAL.c[name] for name in ("expected_close_on", "opened_at", "closed_at", "created_at", "updated_at")},
        **{name: DEAL.c[name] for name in ("imported", "manual_win")},
        **{name: DEAL.c[name] for name in ("owner_id", "team_id", "account_id", "lead_id", "external_id")},
        "open": DEAL.c.closed_at.is_(None),
        "flag": type_coerce(_FLAGS, ARRAY(Text)),
    },
    sorts=("created_at", "updated_at", "opened_at", "closed_at", "expected_close_on", "amount"),
    default="-created_at",
    search=(DEAL.c.name, DEAL.c.account_name),
    stored={"source": normal_source},
)


def visible(by: Actor) -> ColumnElement[bool]:
    return scope.visible(by, DEAL.c.owner_id)


SEEN = Scoped(DEALS, visible)

OF_LEAD = Query(select(DEAL.c.id).where(DEAL.c.lead_id == bindparam("lead_id")).limit(1), UUID)
JOINED = Query(
    select(*DEAL_LEAD.c).where(DEAL_LEAD.c.deal_id == bindparam("deal_id")).order_by(DEAL_LEAD.c.joined_at, DEAL_LEAD.c.lead_id), JoinedLead
)
REGION = Query(select(ACCOUNT_NAME.c.region).where(ACCOUNT_NAME.c.id == bindparam("id")), str)
ON_ROSTER = Query(select(ROSTER.c.active).where(ROSTER.c.person_id == bindparam("person_id")), bool)
