"""How far other services are with a hand-over, as they tell."""

from shared.db.tx import Tx
from shared.events.envelope import Envelope
from shared.events.team import HandOverMoved
from shared.handover.store import learn
from shared.log.reactions import on
from shared.log.readers import WHOLE, reacting


@on(HandOverMoved)
async def moved(tx: Tx, e: Envelope[HandOverMoved]) -> None:
    """Keeps how far the service is."""
    await learn(tx, e)


READER = reacting("hand-over", moved, split_from=(WHOLE,))
