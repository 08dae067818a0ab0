"""What a quote costs us, and whether it is sold for too little. Asked when it is submitted, and never told but to a few. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from deal_svc.quotes.pricing import counted, lines_of
from deal_svc.quotes.record import Line, Quote
from shared.money import minor_unit

Costs = Mapping[UUID, Decimal]
"""What one unit of each product costs us, in the quote's currency, as far as it is known."""


def cost_of(quote: Quote, costs: Costs) -> Decimal | None:
    """What all lines that count cost us; None where nobody has said what one of them does."""
    lines = counted(lines_of(quote))
    if not lines or any(x.product_id not in costs for x in lines):
        return None
    return sum((_all(x, costs[x.product_id]) for x in lines), Decimal(0)).quantize(minor_unit(quote.currency))


def is_deep(quote: Quote, costs: Costs) -> bool:
    """Whether a price is below its floor, or the margin below zero: of all lines that count, or of those whose cost is known."""
    lines, unit = counted(lines_of(quote)), minor_unit(quote.currency)
    if any(x.floor is not None and x.net < _all(x, x.floor).quantize(unit) for x in lines):
        return True
    return sum((x.net - _all(x, costs[x.product_id]) for x in lines if x.product_id in costs), Decimal(0)) < 0


def _all(line: Line, each: Decimal) -> Decimal:
    return line.quantity * (line.periods or 1) * each
