"""Who owns a deal reads the leads that became it: needs, notes and contacts are there, and they may belong to somebody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, func, select

from lead_svc.dealings.tables import DEALING
from lead_svc.leads.record import State
from lead_svc.leads.tables import LEAD, LEADS
from shared.access import members
from shared.access.members import Part
from shared.db.outbox import Told
from shared.db.query import Query, is_in
from shared.db.tables import MEMBERSHIP
from shared.db.tx import Follows, Tx
from shared.events.deal import DealHistoryCorrected, DealOpened, DealUpdated
from shared.events.envelope import Envelope, Event
from shared.events.lead import LeadAssigned, LeadConversionConfirmed, LeadMemberAdded, LeadMemberRemoved
from shared.timers import Timer, set_timer

READERS = "lead.readers"
"""Set once, by the migration: deals that there were before have owners too."""
BATCH = 500


@dataclass(frozen=True, slots=True)
class _Change:
    """`before` reads the lead as the owner of its deal, and `now` is to; who owns the lead itself needs no such part."""

    id: UUID
    before: UUID | None
    now: UUID | None


_now = func.nullif(DEALING.c.owner_id, LEAD.c.owner_id)
_part = and_(MEMBERSHIP.c.record_id == LEAD.c.id, MEMBERSHIP.c.part == Part.deal.value)
_changes = (
    select(LEAD.c.id, MEMBERSHIP.c.person_id.label("before"), _now.label("now"))
    .join(DEALING, DEALING.c.id == LEAD.c.deal_id)
    .outerjoin(MEMBERSHIP, _part)
    .where(LEAD.c.state == State.CONVERTED.value, MEMBERSHIP.c.person_id.is_distinct_from(_now))
    .order_by(LEAD.c.id)
)
_OF_LEADS = Query(_changes.where(is_in(LEAD.c.id, "ids")), _Change)
_OF_DEALS = Query(_changes.where(is_in(LEAD.c.deal_id, "ids")), _Change)
_ANY = Query(_changes.limit(BATCH), _Change)


async def follow_deals(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
    """Lets who owns a deal see the leads that became it."""
    deals = {event.subject for event in events if isinstance(event.data, DealOpened | DealUpdated | DealHistoryCorrected)}
    await _follow(tx, await tx.all(_OF_DEALS, ids=sorted(deals)) if deals else [])


async def _follow_leads(tx: Tx, told: Sequence[Told]) -> None:
    await _follow(tx, await tx.all(_OF_LEADS, ids=[one.subject for one in told]))


async def _follow_owners(tx: Tx, told: Sequence[Told]) -> None:
    """A lead that is captured and assigned at once has no deal: capturing is not to cost a statement for it."""
    if known := [one for one in told if not tx.is_new(one.subject)]:
        await _follow_leads(tx, known)


FOLLOWS: Follows = {LeadConversionConfirmed: [_follow_leads], LeadAssigned: [_follow_owners]}


async def follow_all(tx: Tx, timer: Timer) -> None:
    """The same for all deals, some at a time."""
    changes = await tx.all(_ANY)
    await _follow(tx, changes)
    if len(changes) == BATCH:  # a timer of its own: one transaction must not lock all leads
        await set_timer(tx, READERS, timer.subject, timer.due_at + timedelta(microseconds=1))


async def _follow(tx: Tx, changes: Sequence[_Change]) -> None:
    if not changes:
        return
    leads = await tx.load_many(LEADS, [change.id for change in changes])
    saved = []
    for change in changes:
        told: list[Event] = []
        if change.before is not None:
            told.append(LeadMemberRemoved(person_id=change.before, part=Part.deal))
            await members.remove(tx, change.id, change.before, Part.deal)
        if change.now is not None:
            told.append(LeadMemberAdded(person_id=change.now, part=Part.deal))
            await members.add(tx, change.id, change.now, Part.deal)
        saved.append((leads[change.id], [(event, tx.now) for event in told]))
    await tx.save_many(LEADS, saved)
