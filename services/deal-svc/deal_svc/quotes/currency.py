"""In which currency a quote is, and at which rate its amounts are reported."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from deal_svc.deals.record import Deal
from deal_svc.quotes.record import Quote
from shared.db.tx import Reader
from shared.errors import Invalid
from shared.process.settings import Settings
from shared.rates import Frozen, no_rate, rate_at


async def rate_of(db: Reader, settings: Settings, deal: Deal, currency: str, at: datetime) -> Frozen:
    """The deal's frozen rate in the deal's currency; in another one that of the day. 422 where there is none."""
    if currency == deal.currency:
        return {"fx": deal.fx, "fx_day": deal.fx_day}
    found = await rate_at(db, settings, currency, at)
    if found is None:
        raise Invalid(no_rate(currency), pointer="/currency", code="no_fx_rate")
    return found


def revised(quote: Quote, deal: Deal) -> Frozen:
    """The rate of the next version: the deal's in the deal's currency; in another one it stays that of the day of the prices."""
    if quote.currency == deal.currency:
        return {"fx": deal.fx, "fx_day": deal.fx_day}
    return {"fx": quote.fx, "fx_day": quote.fx_day}


def agreed(quote: Quote, deal: Deal) -> dict[str, Any]:
    """What the deal is worth from the customer's yes on: net, currency and rate are the quote's, as those of the contract will be.

    Nothing is converted: so quote, deal and contract agree to the cent, and in every figure.
    """
    worth: dict[str, str | Decimal] = {"amount": quote.net, "currency": quote.currency, "fx": quote.fx}
    return worth if quote.currency == deal.currency else worth | {"fx_day": quote.fx_day}
