"""Routes after the signature."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from contract_svc.contracts.api import ContractOut, ReasonedAct, contract_out
from contract_svc.contracts.rules import LEADING, SELLING
from contract_svc.delivery import commands
from contract_svc.delivery.rules import DELIVERING
from shared.auth import CurrentActor, require
from shared.fields import Day, Time
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx

router = APIRouter(prefix="/v1/contracts/{contract_id}", tags=["contracts"], route_class=ClinchRoute)
Delivering = Depends(require(*SELLING, *DELIVERING))


class GoLiveIn(Body):
    live_on: Annotated[Day | None, Field(description="The day of go-live, if not today; never in the future")] = None


class AcceptIn(Body):
    accepted_at: Annotated[Time | None, Field(description="When the customer accepted, if not now; never in the future")] = None


TODAY, NOW = GoLiveIn(), AcceptIn()


@router.post("/go-live", response_model=ContractOut, dependencies=[Delivering])
async def go_live(contract_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: GoLiveIn = TODAY) -> Any:
    """The customer works with it: the milestone of go-live falls due, and acceptance is due 30 calendar days later. For the owner, a
    manager, customer success and assistants; the contract is active."""
    return await contract_out(tx, by, await commands.go_live(tx, contract_id, live_on=body.live_on, expect=expect))


@router.post("/accept", response_model=ContractOut, dependencies=[Delivering])
async def accept_delivery(contract_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: AcceptIn = NOW) -> Any:
    """The customer accepted the delivery: the final milestone falls due. Completed once every milestone is paid or waived."""
    return await contract_out(tx, by, await commands.accept(tx, contract_id, accepted_at=body.accepted_at, expect=expect))


@router.post("/terminate", response_model=ContractOut, dependencies=[Depends(require(*LEADING))])
async def terminate_contract(contract_id: UUID, body: ReasonedAct, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """active → terminated, by a manager or a director. What is due stays due; what has not fallen due is waived."""
    return await contract_out(tx, by, await commands.terminate(tx, contract_id, reason=body.reason, expect=expect, at=body.at))
