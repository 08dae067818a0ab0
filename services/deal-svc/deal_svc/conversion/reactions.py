"""What deal-svc does when lead-svc tells of a lead: that it was converted, and what looks odd about it afterwards.

One reader hears both, because a flag comes after the deal that it is for.
"""

from deal_svc.conversion import commands
from deal_svc.deals.commands import flag, unflag
from shared.db.tx import Tx
from shared.events.envelope import Envelope
from shared.events.lead import LeadConverted, LeadFlagged, LeadUnflagged
from shared.log.reactions import on
from shared.log.readers import WHOLE, reacting


@on(LeadConverted)
async def lead_converted(tx: Tx, e: Envelope[LeadConverted]) -> None:
    """Opens a deal or joins one: `deal.opened`, `deal.lead_joined` or `conversion.refused`. The lead's contacts come to
    the buying committee: `deal.contact_added`.
    """
    await commands.take_lead(tx, e)


@on(LeadFlagged)
async def lead_flagged(tx: Tx, e: Envelope[LeadFlagged]) -> None:
    """Shows the lead's flags on its deal."""
    if e.data.deal_id:
        await flag(tx, e.data.deal_id, e.data.flag)


@on(LeadUnflagged)
async def lead_unflagged(tx: Tx, e: Envelope[LeadUnflagged]) -> None:
    """Shows the lead's flags on its deal."""
    if e.data.deal_id:
        await unflag(tx, e.data.deal_id, e.data.flag)


READER = reacting("conversion", lead_converted, lead_flagged, lead_unflagged, split_from=(WHOLE,))
