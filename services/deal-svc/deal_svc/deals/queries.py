"""Reads of deals. Whoever may not see a deal finds none."""

from functools import lru_cache
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select

from deal_svc.deals.rules import Deal
from deal_svc.deals.tables import ACCOUNT_NAME, DEAL, DEAL_LEAD, DEALS
from shared import scope
from shared.auth import Actor
from shared.db import Query, Reader, Tx
from shared.errors import Stale
from shared.http.listing import Listing
from shared.tables import ROSTER

LIST = Listing(
    DEAL,
    Deal,
    filters={
        **{name: DEAL.c[name] for name in ("stage", "kind", "source", "product", "region", "currency", "amount", "external_id")},
        **{name: DEAL.c[name] for name in ("expected_close_on", "opened_at", "closed_at", "created_at", "updated_at")},
        **{name: DEAL.c[name] for name in ("imported", "manual_win")},
        "open": DEAL.c.closed_at.is_(None),
        "owner": DEAL.c.owner_id,
        "team": DEAL.c.team_id,
        "account": DEAL.c.account_id,
        "lead": DEAL.c.lead_id,
    },
    sorts=("created_at", "updated_at", "opened_at", "closed_at", "expected_close_on", "amount"),
    default="-created_at",
    search=(DEAL.c.name, DEAL.c.account_name),
)


@lru_cache(maxsize=32)
def _visible(where: ColumnElement[bool], lock: bool) -> Query[Deal]:
    one = select(*[DEAL.c[n] for n in DEALS.names]).where(DEAL.c.id == bindparam("id"), where)
    return Query(one.with_for_update() if lock else one, Deal)


async def seen(db: Reader, by: Actor, deal_id: UUID) -> Deal:
    """The deal. `NotFound` too when `by` may not see it."""
    return await _one(db, by, deal_id, lock=False)


async def locked(tx: Tx, deal_id: UUID, expect: int | None = None) -> Deal:
    """The deal, locked until the transaction ends. `NotFound` too when the actor may not see it; `Stale` by its version."""
    deal = await _one(tx, tx.actor, deal_id, lock=True)
    if expect is not None and deal.version != expect:
        raise Stale(deal.version)
    return deal


async def _one(db: Reader, by: Actor, deal_id: UUID, *, lock: bool) -> Deal:
    found = await db.first(_visible(scope.visible(by, DEAL.c.owner_id), lock), id=deal_id, **scope.params(by))
    if found is None:
        raise DEALS.missing()
    return found


OF_LEAD = Query(select(DEAL.c.id).where(DEAL.c.lead_id == bindparam("lead_id")).limit(1), UUID)
ASSISTS = Query(
    select(DEAL_LEAD.c.lead_id).where(DEAL_LEAD.c.deal_id == bindparam("deal_id")).order_by(DEAL_LEAD.c.joined_at, DEAL_LEAD.c.lead_id),
    UUID,
)
ACCOUNT = Query(select(ACCOUNT_NAME.c.name).where(ACCOUNT_NAME.c.id == bindparam("id")), str)
REGION = Query(select(ACCOUNT_NAME.c.region).where(ACCOUNT_NAME.c.id == bindparam("id")), str)
ON_ROSTER = Query(select(ROSTER.c.active).where(ROSTER.c.person_id == bindparam("person_id")), bool)
