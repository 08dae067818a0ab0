"""Reads of campaigns, of what was spent on them, and of the leads that they brought."""

from collections.abc import Collection
from dataclasses import fields
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from sqlalchemy import ColumnElement, Numeric, Text, Uuid, and_, any_, bindparam, cast, func, select, union

from lead_svc.campaigns.record import Campaign, Correction, Spend
from lead_svc.campaigns.tables import CAMPAIGN, CORRECTION, SPEND
from lead_svc.leads.tables import LEAD
from lead_svc.signals.tables import SIGNAL
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.http.listing import Listing
from shared.policy.company import sources_of

LIST = Listing(
    CAMPAIGN,
    Campaign,
    filters={n: CAMPAIGN.c[n] for n in ("name", "source", "medium", "product", "region", "starts_on", "ends_on", "created_at")},
    sorts=("created_at", "name"),
    default="-created_at",
    search=(CAMPAIGN.c.name, CAMPAIGN.c.plan),
    stored={"source": sources_of},
)
SPENDS_LIST = Listing(
    SPEND,
    Spend,
    filters={n: SPEND.c[n] for n in ("external_id", "starts_on", "ends_on", "currency", "created_at")},
    sorts=("starts_on",),
    default="-starts_on",
)
OF_CAMPAIGN: ColumnElement[bool] = SPEND.c.campaign_id == bindparam("campaign_id", type_=Uuid)


_FIRST = LEAD.alias("first_touch")


@lru_cache(maxsize=16)
def brought(seen: ColumnElement[bool]) -> ColumnElement[bool]:
    """The leads that the campaign has touched, first or later, of those that are seen."""
    named = bindparam("campaign_name", type_=Text)
    first = _FIRST.c.campaign == named
    later = and_(SIGNAL.c.campaign == named, SIGNAL.c.lead_id.is_not(None))
    touched = union(select(_FIRST.c.id).where(first), select(SIGNAL.c.lead_id).where(later))
    return and_(LEAD.c.id == any_(func.array(touched.scalar_subquery())), seen)


_spent = func.coalesce(func.sum(SPEND.c.amount * SPEND.c.fx), 0)
SPENT = Query(select(cast(_spent, Numeric).label("spent")).where(OF_CAMPAIGN), Decimal)
"""All that was spent on a campaign, in the reporting currency."""

_CORRECTIONS = Query(
    select(*[CORRECTION.c[f.name] for f in fields(Correction)])
    .where(is_in(CORRECTION.c.spend_id, "spend_ids"))
    .order_by(CORRECTION.c.at, CORRECTION.c.id),
    Correction,
)


async def corrections_of(db: Reader, spend_ids: Collection[UUID]) -> dict[UUID, list[Correction]]:
    """What each of these amounts was corrected from, the oldest first."""
    found: dict[UUID, list[Correction]] = {id: [] for id in spend_ids}
    for one in await db.all(_CORRECTIONS, spend_ids=list(spend_ids)) if spend_ids else ():
        found[one.spend_id].append(one)
    return found
