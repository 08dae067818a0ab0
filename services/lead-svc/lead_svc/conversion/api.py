"""`POST /v1/leads/{id}/convert`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field, StrictBool

from lead_svc.answers import LeadOut
from lead_svc.conversion import commands
from lead_svc.conversion.commands import Handover
from shared.auth import CurrentActor
from shared.errors import Invalid
from shared.fields import Day, Name, When
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx
from shared.money import Worth

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)


class Convert(Body):
    """All optional: account and contact are the lead's own, or are made from its data once the deal is open; the deal is a new one."""

    deal_id: Annotated[UUID | None, Field(description="An open deal of the same account that the lead joins.")] = None
    account_id: UUID | None = None
    join_account: Annotated[
        StrictBool | None,
        Field(
            description="When an account has the name of the lead's company: true joins it, false makes another one. Left out, "
            "`CLINCH_SAME_NAME_ACCOUNTS` decides, by default 409 `account_exists` with those `accounts` that you may see."
        ),
    ] = None
    contact_id: UUID | None = None
    deal_name: Name | None = None
    amount: Annotated[Worth | None, Field(description="What the deal may be worth.")] = None
    expected_close_on: Day | None = None
    at: When = None


@router.post("/{lead_id}/convert")
async def convert_lead(lead_id: UUID, body: Convert, tx: InTx, by: CurrentActor, expect: IfMatch, request: Request) -> LeadOut:
    """sql → converting, by the owner or their manager: deal-svc opens the deal under the `deal_id` in the answer.

    A repeat gives the first result and no second deal. A new account and contact exist from when the lead is `converted`. When deal-svc
    refuses, the lead is an SQL again, with `refusal`.
    """
    if body.amount and request.app.state.settings.rate(body.amount.currency) is None:
        raise Invalid("There is no rate for this currency; set it in CLINCH_FX_RATES.", pointer="/amount/currency", code="no_rate")
    given = Handover(
        deal_id=body.deal_id,
        account_id=body.account_id,
        contact_id=body.contact_id,
        join_account=body.join_account,
        deal_name=body.deal_name,
        amount=body.amount,
        expected_close_on=body.expected_close_on,
    )
    return LeadOut.of(await commands.convert(tx, lead_id, given, at=body.at, expect=expect), by)
