"""The route that prices a draft without storing it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from deal_svc.deals import queries as deals
from deal_svc.policy import POLICY, TaxRounding
from deal_svc.price_lists.rules import Buyer
from deal_svc.quotes.api import QuoteLineOut, TermOut, Today, terms_kept, terms_out
from deal_svc.quotes.currency import rate_of
from deal_svc.quotes.drafting import buyer_of, items_of, priced
from deal_svc.quotes.fields import LineIn, Lines, Schedule, TotalDiscount
from deal_svc.quotes.pricing import planned, read_line
from deal_svc.quotes.rules import CREATE
from shared.auth import CurrentActor
from shared.db.tx import Reader
from shared.fields import Short
from shared.http.body import Body
from shared.http.edge import ClinchRoute, Reading
from shared.http.permit import permitted
from shared.money import Currency, Money, Percent

router = APIRouter(prefix="/v1/quotes", tags=["quotes"], route_class=ClinchRoute)


class DraftIn(TotalDiscount, Body):
    """A quote that is not one yet: for a deal, or for nobody."""

    deal_id: UUID | None = None
    currency: Annotated[Currency | None, Field(description="By default the deal's; without a deal the reporting currency")] = None
    channel: Annotated[Short | None, Field(description="The channel of sales, which price lists go by")] = None
    lines: Lines
    schedule: Annotated[Schedule | None, Field(description="By default the policy's payment plan")] = None


class PricedOut(BaseModel):
    """What a quote of today would say. Nothing of it is kept."""

    priced_on: date
    tax_rounding: TaxRounding
    lines: list[QuoteLineOut]
    schedule: list[TermOut]
    list_total: Money
    net: Money
    tax: Money
    total: Money
    discount_percent: Annotated[Percent, Field(description="All discounts together, of the list total")]


@router.post("/price", dependencies=[permitted(CREATE)])
async def price_quote(body: DraftIn, request: Request, db: Reading, by: CurrentActor, today: Today) -> PricedOut:
    """Price a draft at today's prices, and store nothing: the same sums as a quote that is drafted from it.

    Whether a price needs approval is decided when the quote is sent, and not said here.
    """
    currency, policy, buyer = body.currency, db.policy(POLICY), None
    if body.deal_id is not None:
        deal = await deals.SEEN.get(db, by, body.deal_id)
        currency = currency or deal.currency
        await rate_of(db, request.app.state.settings, deal, currency, request.app.state.clock())
        buyer = await buyer_of(db, deal, body.channel, currency)
    currency = currency or request.app.state.settings.reporting_currency
    schedule = terms_kept(body.schedule) if body.schedule else planned(policy.payment_plan)
    return await priced_out(db, body.lines, buyer or Buyer(currency, None, body.channel), today, body.only(TotalDiscount), schedule)


async def priced_out(
    db: Reader, lines: Sequence[LineIn], buyer: Buyer, today: date, off: Mapping[str, Any], schedule: Sequence[Mapping[str, Any]]
) -> PricedOut:
    """What a quote with these lines would say to this buyer today. `off` is its total discount."""
    policy, currency = db.policy(POLICY), buyer.currency
    sums = priced(await items_of(db, lines, buyer, today), off, currency, policy.tax_rounding)
    return PricedOut(
        priced_on=today,
        tax_rounding=policy.tax_rounding,
        lines=[QuoteLineOut.of(read_line(line), currency) for line in sums["lines"]],
        schedule=terms_out(schedule, sums["total"], currency),
        discount_percent=sums["discount_percent"],
        **{name: Money(amount=sums[name], currency=currency) for name in ("list_total", "net", "tax", "total")},
    )
