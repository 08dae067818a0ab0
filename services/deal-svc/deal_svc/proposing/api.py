"""The route that proposes a package. Nothing of it is kept: the draft can be posted as it is."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from deal_svc.deals import queries as deals
from deal_svc.deals.record import Deal
from deal_svc.policy import POLICY
from deal_svc.proposing import queries
from deal_svc.proposing.needs import MOST, line_of, users_in
from deal_svc.proposing.port import PROPOSER
from deal_svc.proposing.record import ReasonCode, Wanted
from deal_svc.quotes.api import Today
from deal_svc.quotes.currency import rate_of
from deal_svc.quotes.drafting import buyer_of
from deal_svc.quotes.fields import LineFields, LineIn
from deal_svc.quotes.price_api import PricedOut, priced_out
from deal_svc.quotes.pricing import planned
from deal_svc.quotes.rules import CREATE
from shared.auth import CurrentActor
from shared.fields import Count, Name, Short, Text
from shared.http.body import Body
from shared.http.edge import ClinchRoute, Reading
from shared.http.permit import permitted
from shared.money import Currency, Money, Unsigned

router = APIRouter(prefix="/v1/quotes", tags=["quotes"], route_class=ClinchRoute)

CONFIRMED = "confirmed"


class PackageIn(Body):
    """What the deal does not say, or says otherwise."""

    deal_id: UUID
    currency: Annotated[Currency | None, Field(description="By default the deal's")] = None
    channel: Annotated[Short | None, Field(description="The channel of sales, which price lists go by")] = None
    line: Annotated[Name | None, Field(description="The product line; by default the deal's, or the one that the needs name")] = None
    needs: Annotated[
        list[Text] | None, Field(max_length=50, description="In words; by default the needs that were confirmed, and the SPIN entries")
    ] = None
    users: Annotated[
        Count | None, Field(ge=1, le=MOST, description="How many people will use it; by default the number that the needs name")
    ] = None
    budget: Annotated[
        Unsigned | None,
        Field(
            description="In that currency, before tax; by default the deal's amount, where it is in it and its lead's budget was confirmed"
        ),
    ] = None


class DraftOut(BaseModel):
    """A body for `POST /v1/quotes`."""

    deal_id: UUID
    currency: str
    channel: str | None
    lines: list[LineFields]


class ReasonOut(BaseModel):
    line: Annotated[int, Field(description="Which line of the draft, the first being 0")]
    code: Annotated[ReasonCode, Field(description="`GET /v1/labels` names it, in the group `reason_of_a_proposal`")]
    says: Annotated[str, Field(description="In English, with the numbers")]


class PackageOut(BaseModel):
    product_line: str
    users: int | None
    budget: Annotated[Money | None, Field(description="What it was kept within; null where nobody has confirmed one")]
    draft: Annotated[DraftOut, Field(description="Post it to /v1/quotes as it is, or change it first")]
    reasons: Annotated[list[ReasonOut], Field(description="At least one for each line")]
    priced: Annotated[PricedOut, Field(description="What a quote of it would say today")]


@router.post("/propose", dependencies=[permitted(CREATE)])
async def propose_quote(body: PackageIn, request: Request, db: Reading, by: CurrentActor, today: Today) -> PackageOut:
    """Propose a package for a deal: products and quantities from its needs, at the prices that hold for it, within the budget.

    Nothing is stored. 409 when no product line is known, nothing of it is priced for this customer, or nothing fits into the budget.
    """
    deal = await deals.SEEN.get(db, by, body.deal_id)
    currency, state = body.currency or deal.currency, request.app.state
    await rate_of(db, state.settings, deal, currency, state.clock())  # a quote of it would need one
    needs = body.needs if body.needs is not None else await queries.said_of_needs(db, deal.id, deal.needs)
    line = line_of(body.line, deal.product, needs, await db.all(queries.LINES))
    users = body.users or users_in(needs)
    budget = body.budget if body.budget is not None else _budget(deal, currency)
    buyer, policy = await buyer_of(db, deal, body.channel, currency), db.policy(POLICY)
    offers = await queries.offers_of(db, line, buyer, today)
    proposed = await PROPOSER(Wanted(line, currency, needs, users, budget), offers, policy.packages)
    lines = [LineIn(product_id=one.product_id, quantity=one.quantity, optional=one.optional) for one in proposed]
    return PackageOut(
        product_line=line,
        users=users,
        budget=None if budget is None else Money(amount=budget, currency=currency),
        draft=DraftOut(
            deal_id=deal.id,
            currency=currency,
            channel=body.channel,
            lines=[LineFields(**line.model_dump(include={*LineFields.model_fields})) for line in lines],
        ),
        reasons=[ReasonOut(line=n, code=why.code, says=why.says) for n, one in enumerate(proposed) for why in one.reasons],
        priced=await priced_out(db, lines, buyer, today, _NO_DISCOUNT, planned(policy.payment_plan)),
    )


_NO_DISCOUNT = {"total_discount_percent": Decimal(0), "total_discount_amount": None}


def _budget(deal: Deal, currency: str) -> Decimal | None:
    """What the customer may spend: the amount of the deal, where the lead's budget was confirmed."""
    known = deal.lead_bant.get("budget") == CONFIRMED and deal.currency == currency
    return deal.amount if known and deal.amount else None
