"""What the guards of the stages ask about a deal, in one statement for any number of deals."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select

from deal_svc.contracts import queries as contracts
from deal_svc.deals.pipeline import DealFacts
from deal_svc.deals.tables import DEAL
from deal_svc.discovery import queries as discovery
from deal_svc.quotes import queries as quotes
from shared.access.members import Part
from shared.db.query import Query, is_in
from shared.db.tables import MEMBERSHIP
from shared.db.tx import Reader

_team = select(func.array_agg(MEMBERSHIP.c.person_id)).where(MEMBERSHIP.c.record_id == DEAL.c.id, MEMBERSHIP.c.part == Part.member.value)
_members = _team.correlate(DEAL).scalar_subquery().label("members")
_FACTS = Query(
    select(DEAL.c.id.label("deal_id"), *discovery.KNOWN, *quotes.KNOWN, _members, *contracts.KNOWN).where(is_in(DEAL.c.id, "ids")),
    DealFacts,
)


async def facts_of(db: Reader, ids: Collection[UUID]) -> dict[UUID, DealFacts]:
    return {facts.deal_id: facts for facts in await db.all(_FACTS, ids=list(ids))}
