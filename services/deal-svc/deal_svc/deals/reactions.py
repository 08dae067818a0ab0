"""What deal-svc does when a person's team changes: their open deals go with them."""

from deal_svc.deals import commands
from shared import roster
from shared.db.tx import Tx
from shared.events.envelope import Envelope
from shared.events.lead import PersonAdded, PersonChanged
from shared.log.reactions import on
from shared.log.readers import WHOLE, reacting

# The roster has a reader of its own, which may be behind. A deal that is opened meanwhile must be in the new team as well, so the
# team goes into the roster first; what it knows better already stays.


@on(PersonAdded)
async def owner_added(tx: Tx, e: Envelope[PersonAdded]) -> None:
    await roster.person_added(tx, e)
    await commands.follow_owner(tx, e.subject, e.data.team_id, e.time)


@on(PersonChanged)
async def owner_changed(tx: Tx, e: Envelope[PersonChanged]) -> None:
    await roster.person_changed(tx, e)
    await commands.follow_owner(tx, e.subject, e.data.team_id, e.time)


READER = reacting("owners", owner_added, owner_changed, split_from=(WHOLE,))
