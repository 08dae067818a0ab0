"""Reads of leads, within the reader's reach."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Integer, Text, Uuid, bindparam, func, select, type_coerce

from lead_svc.leads.record import CLOSED, Grade, Lead, State
from lead_svc.leads.tables import LEAD, LEADS
from shared.auth import Actor
from shared.db import scope
from shared.db.query import Query, is_in
from shared.db.scoped import Scoped
from shared.http.listing import Listing
from shared.spelling import normal_source


@dataclass(frozen=True, slots=True)
class ListedLead:
    """What a list reads of a lead: half its columns, and none of the large ones."""

    id: UUID
    external_id: str | None
    state: State
    captured_at: datetime | None
    source: str | None
    campaign: str | None
    medium: str | None
    title: str | None
    company: str | None
    contact_name: str | None
    region: str | None
    industry: str | None
    size: str | None
    product: str | None
    owner_id: UUID | None
    team_id: UUID | None
    score: int | None
    grade: Grade
    bant_score: int
    no_response_count: int
    last_contact_at: datetime | None
    wake_at: datetime | None
    account_id: UUID | None
    contact_id: UUID | None
    deal_id: UUID | None
    flags: dict[str, bool]
    imported: bool
    created_at: datetime
    updated_at: datetime
    version: int


_FLAGS = func.array(select(func.jsonb_object_keys(LEAD.c.flags)).correlate(LEAD).scalar_subquery())

LIST = Listing(
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


FOLLOWING = Query(
    select(*[LEAD.c[n] for n in LEADS.names])
    .where(
        LEAD.c.owner_id == bindparam("owner_id"),
        LEAD.c.team_id.is_distinct_from(bindparam("team_id", type_=Uuid)),
        is_in(LEAD.c.state, [state.value for state in State if state not in CLOSED]) | LEAD.c.team_id.is_(None),
    )
    .order_by(LEAD.c.id)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(),
    Lead,
)
"""Leads that are to follow their owner into this team. What is closed stays where it was closed, unless it has had no team so far."""


def visible(actor: Actor) -> ColumnElement[bool]:
    return scope.visible(actor, LEAD.c.owner_id)


SEEN = Scoped(LEADS, visible)
