"""Reading the funnel."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import ceil
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select

from metrics_svc.facts.deal import DealFact
from metrics_svc.facts.outcome import UNDONE_FROM_LEAD, WON_FROM_LEAD
from metrics_svc.figures.access import must_see, params, shown, visible_deals
from metrics_svc.figures.queries import read_sums
from metrics_svc.figures.question import Question
from metrics_svc.figures.rules import Sums
from metrics_svc.folding.table import TABLES
from metrics_svc.funnel.rules import PARTS
from metrics_svc.kpi import Part, Sum, merged
from metrics_svc.policy import POLICY
from shared.auth import Actor
from shared.db.query import Query, is_in
from shared.db.tables import At
from shared.db.tx import Reader

_DEALS = (Part(WON_FROM_LEAD, "cohort"), Part(UNDONE_FROM_LEAD, "cohort"))


async def read_funnel(db: Reader, actor: Actor, asked: Question) -> Sums:
    """The sums of `PARTS`, of which those that the actor's roles do not show are nothing. `Forbidden` if all are so."""
    seen = shown(PARTS, actor)
    must_see(seen or PARTS, actor)
    found = await read_sums(db, actor, asked, seen)
    places = [seen.index(part) if part in seen else None for part in PARTS]
    return {key: [Sum() if n is None else sums[n] for n in places] for key, sums in found.items()}


async def only_mature(db: Reader, actor: Actor, asked: Question) -> Question:
    """Leave out members younger than the time in which most of the won, 90 % by policy, went the whole path.

    They had no fair chance yet.
    """
    known = replace(asked, start=None, end=None, by=None, filters={})
    found = await read_sums(db, actor, known, _DEALS, quantiles=True)
    days = merged([won - undone for won, undone in found.values()]).quantile_days(db.policy(POLICY).figures.ripe_quantile)
    if days is None:
        return asked
    mature_until = asked.close if asked.end is None else min(asked.seen, asked.today + timedelta(days=1))
    ripe = mature_until - timedelta(days=ceil(max(days, 0)))
    return replace(asked, end=ripe if asked.end is None else min(asked.end, ripe))


@dataclass(frozen=True, slots=True)
class DealOf:
    """A deal, with the lead that it came from."""

    lead_id: UUID
    id: UUID
    external_id: str | None
    stage: str | None
    amount: Decimal | None


@lru_cache(maxsize=16)
def _deals_of(condition: ColumnElement[bool]) -> Query[DealOf]:
    c = TABLES[DealFact].table.c
    known = (is_in(c.lead_id, "leads"), c.opened_at < bindparam("seen", type_=At), condition)
    return Query(select(*[c[n] for n in DealOf.__dataclass_fields__]).where(*known).order_by(c.opened_at, c.id), DealOf)


async def read_deals_of(db: Reader, actor: Actor, leads: Collection[UUID], seen: datetime) -> dict[UUID, list[DealOf]]:
    """The deals of these leads that the actor may see, opened before `seen`."""
    found: dict[UUID, list[DealOf]] = {}
    if leads:
        visible = visible_deals(actor)
        for deal in await db.all(_deals_of(visible), leads=list(leads), seen=seen, **params(_DEALS, actor)):
            found.setdefault(deal.lead_id, []).append(deal)
    return found
