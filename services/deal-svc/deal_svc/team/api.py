"""Routes of the team of a deal."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from deal_svc.answers import DealOut, deal_out
from deal_svc.deals.queries import SEEN
from deal_svc.team import commands
from shared.access import members
from shared.auth import CurrentActor
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading

router = APIRouter(prefix="/v1/deals/{deal_id}/members", tags=["deals"], route_class=ClinchRoute)


class DealMembersOut(BaseModel):
    """The ids of the people in the team of a deal, besides its owner."""

    items: list[UUID]


@router.get("")
async def list_deal_members(deal_id: UUID, db: Reading, by: CurrentActor) -> DealMembersOut:
    """The ids of the people in the team of the deal."""
    await SEEN.get(db, by, deal_id)
    return DealMembersOut(items=await members.team(db, deal_id))


@router.put("/{person_id}")
async def add_deal_member(deal_id: UUID, person_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> DealOut:
    """Take somebody into the team of the deal: they see it, its quotes and its contracts.

    For its owner, those above the owner, and sales operations.
    """
    return await deal_out(tx, by, await commands.add(tx, deal_id, person_id, expect))


@router.delete("/{person_id}")
async def remove_deal_member(deal_id: UUID, person_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> DealOut:
    """Take somebody out of the team of the deal. For its owner, those above the owner, and sales operations."""
    return await deal_out(tx, by, await commands.remove(tx, deal_id, person_id, expect))
