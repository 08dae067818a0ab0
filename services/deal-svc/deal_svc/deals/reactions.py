"""What deal-svc does when lead-svc tells of people, and of leads that look odd."""

from deal_svc.deals import commands
from shared.db.tx import Tx
from shared.events.envelope import Envelope
from shared.events.lead import LeadFlagged, LeadUnflagged, PersonAdded, PersonChanged
from shared.log.reactions import on


@on(PersonAdded)
async def owner_added(tx: Tx, e: Envelope[PersonAdded]) -> None:
    await commands.follow_owner(tx, e.subject, e.data.team_id, e.time)


@on(PersonChanged)
async def owner_changed(tx: Tx, e: Envelope[PersonChanged]) -> None:
    await commands.follow_owner(tx, e.subject, e.data.team_id, e.time)


@on(LeadFlagged)
async def lead_flagged(tx: Tx, e: Envelope[LeadFlagged]) -> None:
    if e.data.deal_id:
        await commands.flag(tx, e.data.deal_id, e.data.flag)


@on(LeadUnflagged)
async def lead_unflagged(tx: Tx, e: Envelope[LeadUnflagged]) -> None:
    if e.data.deal_id:
        await commands.unflag(tx, e.data.deal_id, e.data.flag)


REACTIONS = (lead_flagged, lead_unflagged, owner_added, owner_changed)
