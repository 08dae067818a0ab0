"""The route by which a contract is drafted again; the first one of a quote comes by itself."""

from uuid import UUID

from fastapi import APIRouter

from contract_svc.answers import ContractOut
from contract_svc.contracts.api import StepIn
from contract_svc.redrafting import commands
from shared.auth import CurrentActor
from shared.http.edge import ClinchRoute, InTx

router = APIRouter(prefix="/v1/contracts", tags=["contracts"], route_class=ClinchRoute)


class ContractIn(StepIn):
    quote_id: UUID


@router.post("", status_code=201)
async def draft_contract(body: ContractIn, tx: InTx, by: CurrentActor) -> ContractOut:
    """Draft a contract of an accepted quote again, when the one before it was voided, or terminated before it began.

    For the owner of that contract, managers, and assistants of the team. A quote has one contract that stands at a time: the first one is
    drafted by itself when the quote is accepted.
    """
    return await ContractOut.of(await commands.draft_again(tx, body.quote_id, at=body.at), by, tx)
