"""What deal-svc does when a person's team changes: their open deals go with them."""

from deal_svc.deals import commands
from shared.db.tx import Tx
from shared.events.envelope import Envelope
from shared.events.team import PersonAdded, PersonChanged
from shared.log.reactions import on
from shared.log.readers import WHOLE, reacting
from shared.parties import people

# The directory of parties has a reader of its own, which may be behind. A deal that is opened meanwhile must be in the new team as well,
# so the team goes into the directory first; what that knows better already stays.


@on(PersonAdded)
async def owner_added(tx: Tx, e: Envelope[PersonAdded]) -> None:
    """Moves the person's open deals into the new team: `deal.updated`."""
    await people.hear(tx, [e])
    await commands.follow_owner(tx, e.subject, e.data.team_id, e.time)


@on(PersonChanged)
async def owner_changed(tx: Tx, e: Envelope[PersonChanged]) -> None:
    """Moves the person's open deals into the new team: `deal.updated`."""
    await people.hear(tx, [e])
    await commands.follow_owner(tx, e.subject, e.data.team_id, e.time)


READER = reacting("owners", owner_added, owner_changed, split_from=(WHOLE,))
