"""What follows from another owner of a deal: what they approved of its quotes is for somebody else to decide."""

from collections.abc import Sequence

from deal_svc.deals.tables import DEALS
from deal_svc.quotes.approvals import free
from deal_svc.quotes.queries import OF_DEAL
from deal_svc.quotes.record import QuoteStatus
from shared.db.outbox import Told
from shared.db.tx import Follows, Tx
from shared.events.deal import DealUpdated


async def _free(tx: Tx, told: Sequence[Told]) -> None:
    for one in told:
        event = one.event
        if isinstance(event, DealUpdated) and event.previous_owner_id is not None and event.owner_id is not None:
            pending = await tx.all(OF_DEAL, deal_id=one.subject, statuses=[QuoteStatus.PENDING_APPROVAL.value])
            if pending:
                await free(tx, await tx.get(DEALS, one.subject), pending, event.owner_id, one.time)


FOLLOWS: Follows = {DealUpdated: [_free]}
