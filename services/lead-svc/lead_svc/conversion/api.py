"""`POST /v1/leads/{id}/convert`."""

from uuid import UUID

from fastapi import APIRouter

from lead_svc.answers import LeadOut, answered
from lead_svc.conversion import commands
from lead_svc.conversion.fields import Handover
from shared.errors import Invalid
from shared.fields import When
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx
from shared.rates import no_rate, rate_at

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=ClinchRoute)


class Convert(Handover, Body):
    __doc__ = Handover.__doc__

    at: When = None


AS_IT_IS = Convert()


@router.post("/{lead_id}/convert")
async def convert_lead(lead_id: UUID, tx: InTx, expect: IfMatch, body: Convert = AS_IT_IS) -> LeadOut:
    """sql → converting, by the owner or their manager: deal-svc opens the deal under the `deal_id` in the answer.

    A repeat gives the first result and no second deal. A new account and contact exist from when the lead is `converted`. When deal-svc
    refuses, the lead is an SQL again, with `refusal`.
    """
    if body.amount and await rate_at(tx, tx.settings, body.amount.currency, body.at or tx.now) is None:
        raise Invalid(no_rate(body.amount.currency), pointer="/amount/currency", code="no_rate")
    return await answered(tx, await commands.convert(tx, lead_id, body, at=body.at, expect=expect))
