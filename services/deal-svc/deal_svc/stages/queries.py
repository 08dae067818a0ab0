"""What the guards of the stages ask about a deal, in one statement for any number of deals."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from deal_svc.deals.pipeline import DealFacts
from deal_svc.deals.tables import DEAL
from deal_svc.discovery import queries as discovery
from deal_svc.quotes import queries as quotes
from shared.db.query import Query, is_in
from shared.db.tx import Reader

_FACTS = Query(select(DEAL.c.id.label("deal_id"), *discovery.KNOWN, *quotes.KNOWN).where(is_in(DEAL.c.id, "ids")), DealFacts)


async def facts_of(db: Reader, ids: Collection[UUID]) -> dict[UUID, DealFacts]:
    return {facts.deal_id: facts for facts in await db.all(_FACTS, ids=list(ids))}
