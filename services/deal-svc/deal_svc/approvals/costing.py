"""What a quote costs us, and whether it is sold for too little. Asked when it is submitted, and never told but to a few. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from deal_svc.quotes.pricing import lines_of
from deal_svc.quotes.record import Quote
from shared.money import minor_unit


@dataclass(frozen=True, slots=True)
class Book:
    """What is known of the products of a quote, in its currency: the lowest price of one unit, and what it costs."""

    floors: Mapping[UUID, Decimal]
    costs: Mapping[UUID, Decimal]


def cost_of(quote: Quote, costs: Mapping[UUID, Decimal]) -> Decimal | None:
    """What all lines cost us; None where nobody has said what one of them does."""
    lines = lines_of(quote)
    if not lines or any(x.product_id not in costs for x in lines):
        return None
    return sum((costs[x.product_id] * x.quantity for x in lines), Decimal(0)).quantize(minor_unit(quote.currency))


def is_deep(quote: Quote, book: Book) -> bool:
    """Whether a price is below its floor, or the margin below zero: of all lines, or of those whose cost is known."""
    lines, unit = lines_of(quote), minor_unit(quote.currency)
    if any(x.net < (book.floors[x.product_id] * x.quantity).quantize(unit) for x in lines if x.product_id in book.floors):
        return True
    known = [x for x in lines if x.product_id in book.costs]
    margin = sum((x.net - book.costs[x.product_id] * x.quantity for x in known), Decimal(0))
    return margin < 0
