"""The routes of payment milestones, under their contract."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from contract_svc.answers import MilestoneOut
from contract_svc.contracts import queries as contracts
from contract_svc.milestones import commands, queries
from shared.auth import CurrentActor
from shared.fields import Reason, Time
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading

router = APIRouter(prefix="/v1/contracts/{contract_id}/milestones", tags=["contracts"], route_class=ClinchRoute)


class MilestonesOut(BaseModel):
    """The payment schedule of a contract, by position."""

    items: list[MilestoneOut]


class WaiveIn(Body):
    reason: Reason
    at: Annotated[Time | None, Field(description="When it was decided, if not now; never in the future")] = None


@router.get("")
async def list_milestones(contract_id: UUID, db: Reading, by: CurrentActor) -> MilestonesOut:
    """The payment schedule, by position."""
    contract = await contracts.SEEN.get(db, by, contract_id)
    found = await db.all(queries.OF_CONTRACT, contract_id=contract_id)
    return MilestonesOut(items=[MilestoneOut.of(one, by, contract) for one in found])


@router.post("/{milestone_id}/waive")
async def waive_milestone(
    contract_id: UUID, milestone_id: UUID, body: WaiveIn, tx: InTx, by: CurrentActor, expect: IfMatch
) -> MilestoneOut:
    """Waive what is open of the milestone. For finance. If-Match takes the milestone's version."""
    contract, milestone = await commands.waive(tx, contract_id, milestone_id, reason=body.reason, expect=expect, at=body.at)
    return MilestoneOut.of(milestone, by, contract)
