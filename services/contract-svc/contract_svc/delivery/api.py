"""Routes after the signature."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from contract_svc.answers import ContractOut
from contract_svc.contracts.api import ReasonedStepIn
from contract_svc.delivery import commands
from shared.auth import CurrentActor
from shared.fields import Day, Time
from shared.http.body import Body, Work
from shared.http.edge import ClinchRoute, IfMatch, InTx

router = APIRouter(prefix="/v1/contracts/{contract_id}", tags=["contracts"], route_class=ClinchRoute)


class GoLiveIn(Body):
    live_on: Annotated[Day | None, Field(description="The day of go-live, if not today; never in the future")] = None
    work: Work = False


class AcceptIn(Body):
    accepted_at: Annotated[Time | None, Field(description="When the customer accepted, if not now; never in the future")] = None


TODAY, NOW = GoLiveIn(), AcceptIn()


@router.post("/go-live")
async def go_live(contract_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: GoLiveIn = TODAY) -> ContractOut:
    """Record that the customer works with it.

    The milestone of go-live falls due, and acceptance is due `acceptance_days` later: calendar days, 30 by default.
    For the owner, managers, customer success and assistants, while the contract is active.
    """
    return await ContractOut.of(await commands.go_live(tx, contract_id, live_on=body.live_on, work=body.work, expect=expect), by, tx)


@router.post("/accept")
async def accept_delivery(contract_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch, body: AcceptIn = NOW) -> ContractOut:
    """Record the acceptance: the final milestone falls due.

    The contract is completed once every milestone is paid or waived.
    """
    return await ContractOut.of(await commands.accept(tx, contract_id, accepted_at=body.accepted_at, expect=expect), by, tx)


@router.post("/terminate")
async def terminate_contract(contract_id: UUID, body: ReasonedStepIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> ContractOut:
    """active → terminated, by a manager or a director.

    What is due stays due; what is not yet due is waived.
    """
    return await ContractOut.of(await commands.terminate(tx, contract_id, reason=body.reason, expect=expect, at=body.at), by, tx)
