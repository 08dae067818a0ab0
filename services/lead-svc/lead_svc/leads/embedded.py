"""The deals of leads, and the leads of other records, beside the items of a list: `embed=deal`, `embed=lead`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy import ColumnElement, select

from lead_svc.index.queries import of
from lead_svc.index.record import Found
from lead_svc.index.tables import ENTRY
from lead_svc.leads.record import State
from lead_svc.leads.tables import LEAD
from lead_svc.seen import deals_seen
from shared.auth import Actor
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.http.embed import Embedded, all_of
from shared.known import StageName


@dataclass(frozen=True, slots=True)
class DealName:
    """A deal of some of the items, as lead-svc has heard of it a moment ago. `name` is null where no event told it yet."""

    id: UUID
    name: str | None
    stage: StageName | None


@dataclass(frozen=True, slots=True)
class LeadName:
    """A lead of some of the items."""

    id: UUID
    title: str | None
    company: str | None
    state: State


_DEALS = deals_seen(ENTRY)


@lru_cache(maxsize=64)
def _deals_where(seen: ColumnElement[bool]) -> Query[DealName]:
    named = select(ENTRY.c.id, ENTRY.c.name, ENTRY.c.state.label("stage"))
    return Query(named.where(is_in(ENTRY.c.id, "ids"), of(Found.DEAL), seen).order_by(ENTRY.c.name, ENTRY.c.id), DealName)


async def _deals(db: Reader, by: Actor, ids: list[UUID]) -> Sequence[DealName]:
    return await db.all(_deals_where(_DEALS.visible(by)), ids=ids, **_DEALS.params(by))


_LEADS = Query(select(LEAD.c.id, LEAD.c.title, LEAD.c.company, LEAD.c.state).where(is_in(LEAD.c.id, "ids")).order_by(LEAD.c.id), LeadName)

EMBEDDED_DEAL = Embedded("deal_id", "deals", DealName, _deals)
"""Those that the reader sees: the deal of a lead may be somebody else's."""
EMBEDDED_LEAD = Embedded("lead_id", "leads", LeadName, all_of(_LEADS))
"""Whoever sees what hangs on a lead sees the lead."""
