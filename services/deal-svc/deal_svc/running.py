"""What runs goes over to a new version of the policy: open deals to its probabilities, quotes that are out to a longer validity."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, select

from deal_svc.deals.commands import updated
from deal_svc.deals.pipeline import OPEN_STAGES, probability
from deal_svc.deals.record import Deal
from deal_svc.deals.tables import DEAL, DEALS
from deal_svc.policy import DealPolicy
from deal_svc.quotes.commands import extend
from deal_svc.quotes.queries import SENT_OF_DEALS
from shared.db.query import Query, is_in
from shared.db.tx import Tx
from shared.events.envelope import Event

BATCH = 200
_FIRST = UUID(int=0)
_OPEN = Query(
    select(*[DEAL.c[n] for n in DEALS.names])
    .where(DEAL.c.id > bindparam("after", type_=Uuid), is_in(DEAL.c.stage, [stage.value for stage in OPEN_STAGES]))
    .order_by(DEAL.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(),
    Deal,
)


async def move(tx: Tx, _old: DealPolicy, new: DealPolicy, after: UUID | None) -> UUID | None:
    """Give a batch of open deals the probabilities of the new version, and their quotes that are out its days of validity."""
    deals = await tx.all(_OPEN, after=after or _FIRST, most=BATCH)
    moved: list[tuple[Deal, list[tuple[Event, datetime]]]] = []
    for deal in deals:
        percent = probability(deal.stage, new.stages)
        if percent != deal.probability:
            now = replace(deal, probability=percent, updated_at=tx.now)
            moved.append((now, [(updated(now, ["probability"], deal.owner_id, policy_version=new.version), tx.now)]))
    await tx.save_many(DEALS, moved)
    known = {deal.id: deal for deal in deals}
    for quote in await tx.all(SENT_OF_DEALS, deal_ids=list(known)):
        await extend(tx, known[quote.deal_id], quote, new.quote_valid_days, new.version)
    return deals[-1].id if len(deals) == BATCH else None
