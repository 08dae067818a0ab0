"""What events say of a quote: fields that the quote has too, by name, and the dimensions of its deal."""

from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

from deal_svc.deals.record import Deal
from deal_svc.quotes.pricing import due_amounts, due_percents, lines_of, main_line
from deal_svc.quotes.record import Quote
from shared.events.envelope import Dimensions, Money
from shared.events.quote import PaymentTerm, QuoteEvent

E = TypeVar("E", bound=QuoteEvent)


@lru_cache(maxsize=32)
def _taken(kind: type[QuoteEvent]) -> tuple[str, ...]:
    return tuple(n for n in kind.model_fields if n in Quote.__dataclass_fields__)


def terms_told(quote: Quote) -> list[PaymentTerm]:
    """The schedule with the amounts that fall due; of one that is not the total, the terms alone."""
    amounts = due_amounts(quote.schedule, quote.total, quote.currency)
    percents = due_percents(quote.schedule, amounts or [Decimal(0)] * len(quote.schedule), quote.total)
    return [
        PaymentTerm(**term | {"percent": percent, "amount": amounts[n] if amounts else None})
        for n, (term, percent) in enumerate(zip(quote.schedule, percents, strict=True))
    ]


def told(kind: type[E], quote: Quote, deal: Deal, **more: Any) -> E:
    """The event about this quote.

    `more` are facts of the event itself, and fields that it tells otherwise than the quote has them.
    """
    given: dict[str, Any] = {name: getattr(quote, name) for name in _taken(kind) if name not in more}
    for name, money in kind.model_fields.items():
        if money.annotation is Money and name not in more:
            given[name] = Money(amount=getattr(quote, name), currency=quote.currency)
    given |= {name: getattr(deal, name) for name in Dimensions.model_fields} | {"account_id": deal.account_id}
    given["product"] = deal.product or main_line(lines_of(quote))
    return kind(**given, **more)
