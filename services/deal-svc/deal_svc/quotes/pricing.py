"""The exact arithmetic of quotes, and their payment schedules. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from typing import Any
from uuid import UUID

from deal_svc.policy import TaxRounding
from deal_svc.quotes.record import Item, Line, Quote
from shared.money import minor_unit, shares
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


def price_lines(
    items: Sequence[Item],
    total_discount_percent: Decimal,
    unit: Decimal,
    *,
    total_discount_amount: Decimal | None = None,
    tax_rounding: TaxRounding = TaxRounding.LINE,
) -> tuple[list[Line], Totals]:
    """Price a quote in a currency whose smallest amount is `unit`.

    Every sum of the lines that count is the total, to that amount. The total discount, and tax that is rounded on the total, is one
    amount that is shared out over the lines that it comes from: no cent is lost, and no line falls below zero.

    ValueError: a discount is larger than what it is taken off.
    """
    with localcontext(prec=80):  # products of three amounts stay exact
        own = without_total_discount(items, unit)
        counted = [n for n, item in enumerate(items) if item.counts]
        before = sum((own[n] for n in counted), Decimal(0))
        off = _rounded(before * total_discount_percent / HUNDRED, unit) if total_discount_amount is None else total_discount_amount
        if off > before or min(own, default=Decimal(0)) < 0:
            raise ValueError("a discount is larger than what it is taken off")
        nets = list(own)
        for n, share in zip(counted, shared_out(off, [own[n] for n in counted], unit), strict=True):
            nets[n] -= share
        taxes = _taxes(items, nets, counted, unit, tax_rounding)
        lines = [_line(item, net, tax, unit) for item, net, tax in zip(items, nets, taxes, strict=True)]
        list_total = sum((listed(items[n], unit) for n in counted), Decimal(0))
        net, tax = sum((nets[n] for n in counted), Decimal(0)), sum((taxes[n] for n in counted), Decimal(0))
        saved = (list_total - net) * HUNDRED / list_total if list_total else Decimal(0)
        return lines, Totals(list_total, net, tax, net + tax, _rounded(saved, Decimal("0.0001")))


def listed(item: Item, unit: Decimal) -> Decimal:
    """What the line costs before discounts."""
    return _rounded(item.quantity * (item.periods or 1) * item.unit_price, unit)


def without_total_discount(items: Sequence[Item], unit: Decimal) -> list[Decimal]:
    """The amount of each line after its own discount alone."""
    with localcontext(prec=80):
        return [_own(item, unit) for item in items]


def _own(item: Item, unit: Decimal) -> Decimal:
    amount = listed(item, unit)
    if item.discount_amount is not None:
        return amount - item.discount_amount
    return _rounded(amount * (HUNDRED - item.discount_percent) / HUNDRED, unit)


def _line(item: Item, net: Decimal, tax: Decimal, unit: Decimal) -> Line:
    """The percent of a discount that is an amount is rounded up: it decides who may give it."""
    kept = {n: getattr(item, n) for n in Item.__dataclass_fields__}
    if item.discount_amount is not None:
        amount = listed(item, unit)
        percent = item.discount_amount * HUNDRED / amount if amount else Decimal(0)
        kept["discount_percent"] = percent.quantize(Decimal("0.0001"), ROUND_CEILING)
    return Line(**kept, net=net, tax=tax)


def _taxes(items: Sequence[Item], nets: Sequence[Decimal], counted: Sequence[int], unit: Decimal, by: TaxRounding) -> list[Decimal]:
    taxes = [_rounded(net * item.tax_percent / HUNDRED, unit) for item, net in zip(items, nets, strict=True)]
    if by is TaxRounding.TOTAL:
        for rate in {items[n].tax_percent for n in counted}:
            taxed = [n for n in counted if items[n].tax_percent == rate]
            whole = _rounded(sum((nets[n] for n in taxed), Decimal(0)) * rate / HUNDRED, unit)
            for n, share in zip(taxed, shared_out(whole, [nets[n] for n in taxed], unit), strict=True):
                taxes[n] = share
    return taxes


def shared_out(amount: Decimal, weights: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """`amount` in proportion to the weights, each part in whole units: what is left goes to the parts that lost most by rounding down."""
    whole = sum(weights, Decimal(0))
    if not whole:
        return [Decimal(0)] * len(weights)
    with localcontext(prec=80):
        exact = [amount * weight / whole for weight in weights]
        parts = [share.quantize(unit, ROUND_DOWN) for share in exact]
        left = int((amount - sum(parts, Decimal(0))) / unit)
        for n in sorted(range(len(parts)), key=lambda n: parts[n] - exact[n])[:left]:
            parts[n] += unit
        return parts


def _rounded(amount: Decimal, unit: Decimal) -> Decimal:
    return amount.quantize(unit, ROUND_HALF_UP)


_DECIMALS = ("quantity", "unit_price", "discount_percent", "tax_percent", "net", "tax")
_PERHAPS = ("discount_amount", "periods", "floor")


_NAMES = tuple(Line.__dataclass_fields__)


def fields_of(line: Line) -> dict[str, Any]:
    """Its fields by name. Nothing is copied: `asdict` does that value by value, which was half of pricing a draft (`make bench`)."""
    return {name: getattr(line, name) for name in _NAMES}


def as_json(line: Line) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal | UUID) else value for name, value in fields_of(line).items()}


def lines_of(quote: Quote) -> list[Line]:
    """Its lines as they are kept; an older release kept fewer fields of them."""
    return [read_line(kept) for kept in quote.lines]


def read_line(kept: dict[str, Any]) -> Line:
    perhaps: dict[str, Any] = {n: Decimal(kept[n]) for n in _PERHAPS if kept.get(n) is not None}
    if kept.get("price_list_id"):
        perhaps["price_list_id"] = UUID(kept["price_list_id"])
    return Line(**kept | {"product_id": UUID(kept["product_id"])} | {n: Decimal(kept[n]) for n in _DECIMALS} | perhaps)


def shares_of_parts(line: Line, unit: Decimal) -> list[Decimal]:
    """What each part of a bundle has of the line's net amount: exactly that amount together."""
    weights = [Decimal(part["quantity"]) * Decimal(part["unit_price"]) for part in line.parts]
    return shared_out(line.net, weights if any(weights) else [Decimal(1)] * len(weights), unit)


def counted(lines: Sequence[Line]) -> list[Line]:
    """The lines that are in the totals."""
    return [line for line in lines if line.counts]


def main_line(lines: Sequence[Line]) -> str | None:
    """The product line that most of the quote's worth is in."""
    worth: dict[str, Decimal] = {}
    for x in counted(lines):
        worth[x.line] = worth.get(x.line, Decimal(0)) + x.net
    return max(worth, key=lambda line: worth[line], default=None)


# -- Payment schedule --------------------------------------------------------------------------------------------------------


def planned(steps: Sequence[PaymentStep]) -> list[dict[str, Any]]:
    """The payment schedule of a plan of the policy."""
    return [{"trigger": s.trigger.value, "percent": f"{s.percent:f}", "due_days": s.due_days, "due_on": None} for s in steps]


def due_amounts(schedule: Sequence[Mapping[str, Any]], total: Decimal, currency: str) -> list[Decimal] | None:
    """What falls due with each term; None while the terms are not exactly the total.

    Terms by percent are shares of the total. Terms by amount are what they say, and equal ones share what those leave.
    """
    unit = minor_unit(currency)
    if all(term.get("percent") is not None for term in schedule):
        percents = [Decimal(term["percent"]) for term in schedule]
        return shares(total, percents, currency) if sum(percents) == HUNDRED else None
    fixed = [Decimal(term["amount"]) if term.get("amount") is not None else None for term in schedule]
    rest, equal = total - sum((x for x in fixed if x is not None), Decimal(0)), fixed.count(None)
    if rest < 0 or bool(rest) != bool(equal):
        return None
    parts = iter(shared_out(rest, [Decimal(1)] * equal, unit))
    return [next(parts) if amount is None else amount for amount in fixed]


def due_percents(schedule: Sequence[Mapping[str, Any]], amounts: Sequence[Decimal], total: Decimal) -> list[Decimal]:
    """The share of the total of each term, for readers that know terms by percent alone; of nothing each is 0."""

    def share(due: Decimal) -> Decimal:
        return _rounded(due * HUNDRED / total, Decimal("0.0001")) if total else Decimal(0)

    return [
        Decimal(term["percent"]) if term.get("percent") is not None else share(due) for term, due in zip(schedule, amounts, strict=True)
    ]
