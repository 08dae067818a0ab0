"""Reads of the pool, of how somebody stands who claims, and of which leads are to go back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Uuid, bindparam, func, literal_column, select, true

from lead_svc.leads.record import HELD, Grade, Lead, State
from lead_svc.leads.rules import ASSIGN
from lead_svc.leads.tables import LEAD, OPEN_ROWS
from lead_svc.pool.policy import POLICY, PoolPolicy
from lead_svc.pool.record import Change, Return, Standing
from lead_svc.pool.rules import claim_unmet, is_pooled, limited
from lead_svc.pool.tables import HOLDING
from lead_svc.seen import LEADS_SEEN
from shared.access import kinds
from shared.access.rows import Within
from shared.auth import Actor
from shared.calendar import day_of, start_of
from shared.db.query import Query, is_in
from shared.db.tables import At
from shared.db.tx import Reader, Tx
from shared.errors import Unmet
from shared.http.answer import Answer
from shared.http.listing import Listing
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY

_HELD = [state.value for state in HELD]
_lost = HOLDING.c.change == Change.LOST.value
_last = (
    select(HOLDING.c.at, HOLDING.c.rule)
    .where(HOLDING.c.lead_id == LEAD.c.id, _lost)
    .order_by(HOLDING.c.at.desc(), HOLDING.c.id.desc())
    .limit(1)
    .lateral("last")
)
_lost_by_reader = (
    select(func.max(HOLDING.c.at)).where(HOLDING.c.lead_id == LEAD.c.id, _lost, HOLDING.c.person_id == bindparam("reader", type_=Uuid))
).scalar_subquery()
_ASKED = ("state", "grade", "source", "campaign", "region", "industry", "size", "product", "captured_at")
_SHOWN = ("id", "title", "company", *_ASKED, "last_contact_at", "created_at", "version")
POOL = (
    select(
        *[LEAD.c[n] for n in _SHOWN],
        func.coalesce(_last.c.at, LEAD.c.created_at).label("pooled_at"),
        _last.c.rule.label("returned_by"),
        _lost_by_reader.label("lost_at"),
    )
    .select_from(LEAD)
    .outerjoin(_last, true())
    .where(LEAD.c.owner_id.is_(None), is_in(LEAD.c.state, _HELD))
    .subquery("pool")
)
POOL_SEEN = Within(LEADS_SEEN, POOL.c.id)


class Pooled(Answer):
    """A lead that nobody owns. `lost_at`: when the reader lost it."""

    id: UUID
    state: State
    title: str | None
    company: str | None
    source: str | None
    campaign: str | None
    region: str | None
    industry: str | None
    size: str | None
    product: str | None
    grade: Grade
    captured_at: datetime | None
    last_contact_at: datetime | None
    pooled_at: datetime = Field(description="Since when nobody owns it.")
    returned_by: str | None = Field(description="How it came back, as `rule` of `lead.assigned` says; null if nobody has ever lost it.")
    lost_at: datetime | None
    created_at: datetime
    version: int


LIST = Listing(
    POOL,
    Pooled,
    filters={n: POOL.c[n] for n in (*_ASKED, "returned_by", "pooled_at")},
    sorts=("created_at",),
    default="-created_at",
    search=(POOL.c.title, POOL.c.company),
    kind=kinds.LEADS,
)

# Somebody's claims take turns, so that none goes beyond a limit because of another one that is not committed yet.
_TURN = "SELECT pg_advisory_xact_lock(hashtext('clinch.claims'), hashtext($1::text))"
_claimed = select(func.count()).where(
    HOLDING.c.person_id == bindparam("person_id", type_=Uuid),
    HOLDING.c.change == literal_column("'claimed'"),  # in these words its index is met
    HOLDING.c.at >= bindparam("day", type_=At),
)
_held = select(func.count()).where(LEAD.c.owner_id == bindparam("person_id", type_=Uuid), is_in(LEAD.c.state, _HELD), OPEN_ROWS)
_lost_at = (
    select(HOLDING.c.lead_id, func.max(HOLDING.c.at).label("at"))
    .where(is_in(HOLDING.c.lead_id, "leads"), _lost, HOLDING.c.person_id == bindparam("person_id", type_=Uuid))
    .group_by(HOLDING.c.lead_id)
    .subquery()
)


@dataclass(frozen=True, slots=True)
class _Standing:
    claimed: int
    held: int
    leads: list[UUID]
    times: list[datetime]


_STANDING = Query(
    select(
        _claimed.scalar_subquery().label("claimed"),
        _held.scalar_subquery().label("held"),
        func.array(select(_lost_at.c.lead_id).order_by(_lost_at.c.lead_id).scalar_subquery()).label("leads"),
        func.array(select(_lost_at.c.at).order_by(_lost_at.c.lead_id).scalar_subquery()).label("times"),
    ),
    _Standing,
)


async def standing(db: Reader, by: Actor, leads: Sequence[UUID], now: datetime) -> Standing:
    """How somebody stands who would claim these leads."""
    zone = calendar_of(db.policy(COMPANY_POLICY)).zone
    found = await db.one(_STANDING, person_id=by.id, leads=list(leads), day=start_of(day_of(now, zone), zone))
    return Standing(found.claimed, found.held, dict(zip(found.leads, found.times, strict=True)))


async def keep_standing(tx: Tx, leads: Sequence[UUID]) -> Standing:
    """How the actor stands, who claims these leads; it stays so until the transaction ends."""
    await tx.execute(_TURN, str(tx.actor.id))
    return await standing(tx, tx.actor, leads, tx.now)


async def claim_unmet_of(db: Reader, by: Actor, leads: Sequence[Lead], now: datetime) -> Mapping[UUID, list[Unmet]]:
    """What keeps somebody from claiming which of these leads; empty where nothing is limited, or they never claim one."""
    policy = db.policy(POLICY)
    pooled = [lead.id for lead in leads if is_pooled(lead)] if limited(policy) and ASSIGN.who.may_ever(by) else []
    its = await standing(db, by, pooled, now) if pooled else None
    return {id: claim_unmet(its, id, policy, now) for id in pooled} if its else {}


# Only leads that somebody follows up go back by themselves: nothing starts for those that are history.
_FOLLOWED = """
lead.owner_id IS NOT NULL AND lead.state IN ('captured', 'mql', 'sql') AND ($1::uuid[] IS NULL OR lead.id = ANY($1))
AND EXISTS (SELECT FROM task WHERE record_id = lead.id AND kind = 'follow_up' AND state = 'open' AND created_at <= $3)
"""
_UNTOUCHED = f"""
SELECT lead.id FROM lead WHERE {_FOLLOWED}
AND NOT EXISTS (SELECT FROM lead_holding h WHERE h.lead_id = lead.id AND h.at > $3 AND h.change <> 'lost')
ORDER BY lead.id LIMIT $2
"""
_OVER_CAPACITY = f"""
WITH full_up AS (
  SELECT owner_id FROM lead WHERE lead.state NOT IN ('converted', 'disqualified') AND lead.state IN ('captured', 'mql', 'sql')
  AND owner_id IS NOT NULL GROUP BY owner_id HAVING count(*) > $4
), ranked AS (
  SELECT id, row_number() OVER (PARTITION BY owner_id ORDER BY coalesce(last_contact_at, captured_at, created_at) DESC, id DESC) AS place
  FROM lead WHERE owner_id IN (SELECT owner_id FROM full_up) AND state IN ('captured', 'mql', 'sql')
)
SELECT lead.id FROM lead JOIN ranked ON ranked.id = lead.id AND ranked.place > $4 WHERE {_FOLLOWED} ORDER BY lead.id LIMIT $2
"""
_OWNER_LEFT = f"""
SELECT lead.id FROM lead JOIN roster ON roster.person_id = lead.owner_id AND NOT roster.active WHERE {_FOLLOWED} ORDER BY lead.id LIMIT $2
"""


async def to_return(tx: Tx, why: Return, policy: PoolPolicy, most: int, only: Sequence[UUID] | None = None) -> list[UUID]:
    """Leads that go back for this reason, at most so many: of all, or of these."""
    sql: str
    args: list[Any]
    match why:
        case Return.UNTOUCHED:
            sql, args = _UNTOUCHED, [tx.now - timedelta(days=policy.untouched_days)]
        case Return.OVER_CAPACITY:
            sql, args = _OVER_CAPACITY, [tx.now, policy.most_held]
        case Return.OWNER_LEFT:
            sql, args = _OWNER_LEFT, [tx.now]
    return [row["id"] for row in await tx.rows(sql, None if only is None else list(only), most, *args)]
