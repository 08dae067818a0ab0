"""The exact arithmetic of quotes, and their payment schedules. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any
from uuid import UUID

from deal_svc.quotes.record import Item, Line, Quote
from shared.policy.parts import PaymentStep

HUNDRED = Decimal(100)
MOST = Decimal(10) ** 14
"""A quote's list total stays below it."""


@dataclass(frozen=True, slots=True)
class Totals:
    list_total: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal
    discount_percent: Decimal


def price_lines(items: Sequence[Item], total_discount_percent: Decimal, unit: Decimal) -> tuple[list[Line], Totals]:
    """Price a quote in a currency whose smallest amount is `unit`.

    Every sum of lines is the total, to that amount.

    The total discount is one amount that is spread over the lines in proportion, by rounding its running sum: no cent is lost and
    no line falls below zero.
    """
    with localcontext(prec=80):  # products of three amounts stay exact
        return _price_lines(items, total_discount_percent, unit)


def _price_lines(items: Sequence[Item], total_discount_percent: Decimal, unit: Decimal) -> tuple[list[Line], Totals]:
    listed = [_rounded(i.quantity * i.unit_price, unit) for i in items]
    own = without_total_discount(items, unit)
    before, list_total = sum(own, Decimal(0)), sum(listed, Decimal(0))
    off = _rounded(before * total_discount_percent / HUNDRED, unit)
    lines: list[Line] = []
    running, given = Decimal(0), Decimal(0)
    for item, amount in zip(items, own, strict=True):
        running += amount
        share = (_rounded(off * running / before, unit) if before else Decimal(0)) - given
        given += share
        net = amount - share
        lines.append(
            Line(**{n: getattr(item, n) for n in Item.__dataclass_fields__}, net=net, tax=_rounded(net * item.tax_percent / HUNDRED, unit))
        )
    net_total, tax = sum((x.net for x in lines), Decimal(0)), sum((x.tax for x in lines), Decimal(0))
    saved = (list_total - net_total) * HUNDRED / list_total if list_total else Decimal(0)
    return lines, Totals(list_total, net_total, tax, net_total + tax, _rounded(saved, Decimal("0.0001")))


def without_total_discount(items: Sequence[Item], unit: Decimal) -> list[Decimal]:
    """The amount of each line after its own discount alone."""
    with localcontext(prec=80):
        listed = [_rounded(i.quantity * i.unit_price, unit) for i in items]
        return [_rounded(amount * (HUNDRED - i.discount_percent) / HUNDRED, unit) for i, amount in zip(items, listed, strict=True)]


def _rounded(amount: Decimal, unit: Decimal) -> Decimal:
    return amount.quantize(unit, ROUND_HALF_UP)


_DECIMALS = ("quantity", "unit_price", "discount_percent", "tax_percent", "net", "tax")


def as_json(line: Line) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(line).items()}


def lines_of(quote: Quote) -> list[Line]:
    return [Line(**kept | {"product_id": UUID(kept["product_id"])} | {n: Decimal(kept[n]) for n in _DECIMALS}) for kept in quote.lines]


def main_line(lines: Sequence[Line]) -> str | None:
    """The product line that most of the quote's worth is in."""
    worth: dict[str, Decimal] = {}
    for x in lines:
        worth[x.line] = worth.get(x.line, Decimal(0)) + x.net
    return max(worth, key=lambda line: worth[line], default=None)


# -- Payment schedule --------------------------------------------------------------------------------------------------------


def planned(steps: Sequence[PaymentStep]) -> list[dict[str, Any]]:
    """The payment schedule of a plan of the policy."""
    return [{"trigger": s.trigger.value, "percent": f"{s.percent:f}", "due_days": s.due_days, "due_on": None} for s in steps]


def scheduled_percent(quote: Quote) -> Decimal:
    return sum((Decimal(term["percent"]) for term in quote.schedule), Decimal(0))
