"""What deal-svc does when lead-svc tells of a conversion."""

from deal_svc.conversion import commands
from shared.db.tx import Tx
from shared.events.envelope import Envelope
from shared.events.lead import LeadConverted
from shared.log.reactions import on


@on(LeadConverted)
async def lead_converted(tx: Tx, e: Envelope[LeadConverted]) -> None:
    await commands.take_lead(tx, e)


REACTIONS = (lead_converted,)
