"""What deal-svc does when lead-svc tells of conversions and people."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from deal_svc.deals import queries, rules
from deal_svc.deals.commands import new_deal, no_rate, opened, updated
from deal_svc.deals.rules import OPEN_STAGES, Deal
from deal_svc.deals.tables import CONVERSION_REFUSAL, DEAL, DEAL_LEAD, DEALS
from shared.auth import Actor, Role
from shared.db.query import Query, is_in
from shared.db.tx import Tx
from shared.errors import NotFound
from shared.events.deal import ConversionRefused, DealLeadJoined
from shared.events.envelope import Envelope
from shared.events.lead import LeadConverted, LeadFlagged, LeadUnflagged, PersonAdded, PersonChanged
from shared.log.reactions import on
from shared.roster import team_of
from shared.spelling import normal_source

_JOIN = Query(insert(DEAL_LEAD).values({c.name: bindparam(c.name) for c in DEAL_LEAD.c}), UUID)
_REFUSE = Query(
    insert(CONVERSION_REFUSAL)
    .values({c.name: bindparam(c.name) for c in CONVERSION_REFUSAL.c})
    .on_conflict_do_nothing()
    .returning(CONVERSION_REFUSAL.c.id),
    UUID,
)


@on(LeadConverted)
async def take_lead(tx: Tx, e: Envelope[LeadConverted]) -> None:
    """Open the deal, or join the lead to it, or tell why not. The answer brings the lead to its next state (architecture §4)."""
    take = _join if e.data.joins_existing else _open
    refusal = await take(tx, e)
    if refusal is not None:
        await _refuse(tx, e, refusal)


async def _open(tx: Tx, e: Envelope[LeadConverted]) -> str | None:
    lead = e.data
    if await tx.first(DEALS.lock, id=lead.deal_id) is not None:
        return None
    if await tx.first(queries.OF_LEAD, lead_id=e.subject) is not None:
        return "The lead has a deal already."
    if lead.owner_id and await tx.first(queries.ON_ROSTER, person_id=lead.owner_id) is False:
        return "The owner of the lead has left; assign the lead to somebody else first."
    currency = lead.currency or tx.settings.reporting_currency
    fx = tx.settings.rate(currency)
    if fx is None:
        return no_rate(currency)
    deal = new_deal(
        tx.now,
        id=lead.deal_id,
        opened_at=e.time,
        name=lead.deal_name,
        amount=Decimal(lead.amount or 0),
        currency=currency,
        fx=fx,
        expected_close_on=date.fromisoformat(lead.expected_close_on) if lead.expected_close_on else None,
        owner_id=lead.owner_id,
        team_id=(await team_of(tx, lead.owner_id) if lead.owner_id else None) or lead.team_id,
        account_id=lead.account_id,
        account_name=lead.account_name,
        lead_id=e.subject,
        conversion_id=lead.conversion_id,
        source=lead.source and normal_source(lead.source),
        product=lead.product,
        region=lead.region or await tx.first(queries.REGION, id=lead.account_id),
    )
    await tx.add(DEALS, deal, opened(deal), at=e.time)
    return None


async def _join(tx: Tx, e: Envelope[LeadConverted]) -> str | None:
    deal = await tx.first(DEALS.lock, id=e.data.deal_id)
    if deal is not None and e.subject in [joined.lead_id for joined in await tx.all(queries.JOINED, deal_id=deal.id)]:
        return None
    if deal is None or not await _is_seen(tx, deal, e.data):
        return "There is no such deal, or you may not see it."
    if refusal := rules.conversion_refusal(deal, e.data.account_id):
        return refusal
    await tx.run(_JOIN, deal_id=deal.id, lead_id=e.subject, conversion_id=e.data.conversion_id, joined_at=e.time)
    await tx.save(DEALS, deal, DealLeadJoined(lead_id=e.subject, conversion_id=e.data.conversion_id), at=e.time)
    return None


async def _is_seen(tx: Tx, deal: Deal, lead: LeadConverted) -> bool:
    """Whether the person who converted the lead may read the deal. What our own acts convert is theirs to know."""
    who = lead.actor
    if who is None or who.role == Role.system:
        return True
    roles = [role for role in Role if role in (lead.actor_roles or [who.role])]
    try:
        await queries.SEEN.get(tx, Actor.of(who.id, roles), deal.id)
    except NotFound:
        return False
    return True


async def _refuse(tx: Tx, e: Envelope[LeadConverted], reason: str) -> None:
    lead = e.data
    new = await tx.first(
        _REFUSE, id=lead.conversion_id, version=1, lead_id=e.subject, deal_id=lead.deal_id, reason=reason, refused_at=tx.now
    )
    if new is not None:
        tx.tell(lead.conversion_id, 1, ConversionRefused(lead_id=e.subject, deal_id=lead.deal_id, reason=reason), at=e.time)


_IN_OTHER_TEAM = Query(
    select(*[DEAL.c[n] for n in DEALS.names])
    .where(
        DEAL.c.owner_id == bindparam("owner_id"),
        is_in(DEAL.c.stage, [stage.value for stage in OPEN_STAGES]),
        DEAL.c.team_id.is_distinct_from(bindparam("team_id", type_=Uuid)),
    )
    .order_by(DEAL.c.id)
    .with_for_update(),
    Deal,
)


async def _follow_owner(tx: Tx, owner_id: UUID, team_id: UUID | None, at: datetime) -> None:
    """Open deals go with their owner into his team; closed ones stay where they were closed."""
    moved = [replace(deal, team_id=team_id, updated_at=tx.now) for deal in await tx.all(_IN_OTHER_TEAM, owner_id=owner_id, team_id=team_id)]
    await tx.save_many(DEALS, [(deal, [(updated(deal, ["team_id"], owner_id), at)]) for deal in moved])


@on(PersonAdded)
async def owner_added(tx: Tx, e: Envelope[PersonAdded]) -> None:
    await _follow_owner(tx, e.subject, e.data.team_id, e.time)


@on(PersonChanged)
async def owner_changed(tx: Tx, e: Envelope[PersonChanged]) -> None:
    await _follow_owner(tx, e.subject, e.data.team_id, e.time)


# A copy of what lead-svc told, kept for lists: no change of the deal, so no event and no version.
_FLAG = "UPDATE deal SET flags = flags || jsonb_build_object($2::text, true) WHERE id = $1"
_UNFLAG = "UPDATE deal SET flags = flags - $2::text WHERE id = $1"


@on(LeadFlagged)
async def lead_flagged(tx: Tx, e: Envelope[LeadFlagged]) -> None:
    if e.data.deal_id:
        await (await tx.settled()).execute(_FLAG, e.data.deal_id, e.data.flag)


@on(LeadUnflagged)
async def lead_unflagged(tx: Tx, e: Envelope[LeadUnflagged]) -> None:
    if e.data.deal_id:
        await (await tx.settled()).execute(_UNFLAG, e.data.deal_id, e.data.flag)


REACTIONS = (take_lead, lead_flagged, lead_unflagged, owner_added, owner_changed)
