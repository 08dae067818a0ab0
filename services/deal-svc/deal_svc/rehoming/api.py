"""The route by which the account of a deal is set right."""

from uuid import UUID

from fastapi import APIRouter

from deal_svc.answers import DealOut, deal_out
from deal_svc.rehoming import commands
from shared.auth import CurrentActor
from shared.http.body import Dated
from shared.http.edge import ClinchRoute, IfMatch, InTx

router = APIRouter(prefix="/v1/deals/{deal_id}", tags=["deals"], route_class=ClinchRoute)


class CorrectAccountIn(Dated):
    account_id: UUID


@router.put("/account")
async def correct_deal_account(deal_id: UUID, body: CorrectAccountIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> DealOut:
    """Set right which account the deal is with. For managers, until a quote was sent.

    Contacts of the wrong account leave the buying committee.
    """
    return await deal_out(tx, by, await commands.correct_account(tx, deal_id, account_id=body.account_id, expect=expect, at=body.at))
