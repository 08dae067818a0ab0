"""Quotes: exact arithmetic, who may send what, and which version the customer can still accept (D19 to D23)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from typing import Any
from uuid import UUID

from deal_svc.deals.rules import LEADING, NOT_MANAGER, SELLING, Deal, change_unmet
from shared.auth.actor import Actor, Role
from shared.errors import Unmet
from shared.masking import sees_personal_data

HUNDRED = Decimal(100)
VALID_DAYS = 30
MOST = Decimal(10) ** 14
"""A quote's list total stays below it."""


class QuoteStatus(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


OPEN = (QuoteStatus.DRAFT, QuoteStatus.SENT)


@dataclass(frozen=True, slots=True)
class Quote:
    """One version of a quote. `lines` and `schedule` are `Line`s and terms as JSON: a version is read and written as a whole."""

    id: UUID
    version: int
    deal_id: UUID
    number: str
    revision: int
    status: QuoteStatus
    currency: str
    fx: Decimal
    quoted_on: date
    valid_until: date
    lines: list[dict[str, Any]]
    total_discount_percent: Decimal
    schedule: list[dict[str, Any]]
    list_total: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal
    discount_percent: Decimal
    note: str | None
    sent_at: datetime | None
    accepted_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    created_by: UUID
    created_at: datetime
    updated_at: datetime


def shown(quote: Quote, by: Actor) -> Quote:
    """The quote as this actor may see it: notes and reasons in somebody's own words only with personal data."""
    return quote if sees_personal_data(by) else replace(quote, note=None, reason=None)


@dataclass(frozen=True, slots=True)
class Facts:
    """What else decides about a quote: a newer version of it, another quote of the deal that is accepted, SKUs whose price moved."""

    revised: bool
    rival_accepted: bool
    outdated: tuple[str, ...] = ()


# -- Arithmetic ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """A line before it is priced."""

    product_id: UUID
    sku: str
    name: str
    line: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_percent: Decimal


@dataclass(frozen=True, slots=True)
class Line(Item):
    """`net` is after both discounts, the line's own and its part of the total discount."""

    net: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    list_total: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal
    discount_percent: Decimal


def price_lines(items: Sequence[Item], total_discount_percent: Decimal, unit: Decimal) -> tuple[list[Line], Totals]:
    """Price a quote in a currency whose smallest amount is `unit`. Every sum of lines is the total, to that amount.

    The total discount is one amount that is spread over the lines in proportion, by rounding its running sum: no cent is lost and
    no line falls below zero.
    """
    with localcontext(prec=80):  # products of three amounts stay exact
        return _price_lines(items, total_discount_percent, unit)


def _price_lines(items: Sequence[Item], total_discount_percent: Decimal, unit: Decimal) -> tuple[list[Line], Totals]:
    listed = [_rounded(i.quantity * i.unit_price, unit) for i in items]
    own = [_rounded(amount * (HUNDRED - i.discount_percent) / HUNDRED, unit) for i, amount in zip(items, listed, strict=True)]
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

DEFAULT_SCHEDULE: list[dict[str, Any]] = [
    {"trigger": "signed", "percent": "50", "due_days": 30, "due_on": None},
    {"trigger": "go_live", "percent": "30", "due_days": 30, "due_on": None},
    {"trigger": "accepted", "percent": "20", "due_days": 30, "due_on": None},
]
"""C6; 30 days net is our default."""


def scheduled_percent(quote: Quote) -> Decimal:
    return sum((Decimal(term["percent"]) for term in quote.schedule), Decimal(0))


# -- Who may do what, when -----------------------------------------------------------------------------------------------------

TOP = (Role.director, Role.admin)
AUTHORITY = ((Decimal(10), "a rep", SELLING), (Decimal(20), "a manager", LEADING), (Decimal(30), "a director", TOP))
"""Up to how many percent off who may send a quote (D20)."""

ENDED = Unmet("quote_not_open", "This version is no longer open.")
NOT_DRAFT = Unmet("not_draft", "Only a draft can be changed or sent; revise the quote for a new version.")


def edit_unmet(deal: Deal, quote: Quote, by: Actor) -> list[Unmet]:
    return [*change_unmet(deal, by), *([] if quote.status is QuoteStatus.DRAFT else [NOT_DRAFT])]


def send_unmet(deal: Deal, quote: Quote, facts: Facts, by: Actor, today: date) -> list[Unmet]:
    unmet = edit_unmet(deal, quote, by)
    if not quote.lines:
        unmet.append(Unmet("no_lines", "The quote has no lines."))
    if scheduled_percent(quote) != HUNDRED:
        unmet.append(Unmet("schedule_incomplete", "The payment schedule must add up to 100 percent."))
    if quote.valid_until < today:
        unmet.append(Unmet("validity_past", "The quote would not be valid any more; move valid_until."))
    if facts.outdated:
        unmet.append(Unmet("price_outdated", f"The price book changed for {', '.join(facts.outdated)}; set the lines again."))
    return unmet


def authority_unmet(quote: Quote, by: Actor, note: str | None) -> list[Unmet]:
    """The largest of the discounts counts: a line's, or that of the whole."""
    discount = max([quote.discount_percent, *(x.discount_percent for x in lines_of(quote))])
    says = f"A discount of {discount.normalize():f} percent may be sent by"
    for limit, who, roles in AUTHORITY:
        if discount <= limit:
            return [] if by.has(*roles) else [Unmet("discount_authority", f"{says} {who}.")]
    return [] if by.has(*TOP) and note else [Unmet("discount_authority", f"{says} a director, with a note that says why.")]


def accept_unmet(deal: Deal, quote: Quote, facts: Facts, by: Actor, on: date) -> list[Unmet]:
    """The validity is judged by the day of the customer's yes, so that one in time can still be recorded when the quote has expired."""
    unmet = change_unmet(deal, by)
    if quote.status not in (QuoteStatus.SENT, QuoteStatus.EXPIRED):
        unmet.append(Unmet("not_sent", f"Only a sent quote can be accepted; this one is {quote.status}."))
    elif on > quote.valid_until:
        unmet.append(Unmet("quote_expired", f"The quote was valid until {quote.valid_until}."))
    if facts.rival_accepted:
        unmet.append(Unmet("other_accepted", "Another quote of the deal is accepted; a manager can withdraw it."))
    return unmet


def reject_unmet(deal: Deal, quote: Quote, by: Actor) -> list[Unmet]:
    unmet = change_unmet(deal, by)
    return unmet if quote.status is QuoteStatus.SENT else [*unmet, ENDED]


def withdraw_unmet(deal: Deal, quote: Quote, by: Actor) -> list[Unmet]:
    """An accepted quote has a contract in preparation, so taking it back is a manager's decision."""
    unmet = change_unmet(deal, by)
    if quote.status is QuoteStatus.ACCEPTED:
        return unmet if by.has(*LEADING) else [*unmet, NOT_MANAGER]
    return unmet if quote.status in OPEN else [*unmet, ENDED]


def revise_unmet(deal: Deal, quote: Quote, facts: Facts, by: Actor) -> list[Unmet]:
    unmet = change_unmet(deal, by)
    if quote.status in (QuoteStatus.DRAFT, QuoteStatus.ACCEPTED):
        unmet.append(Unmet("not_revisable", f"A quote that is {quote.status} is not revised."))
    if facts.revised:
        unmet.append(Unmet("newer_version", "There is a newer version; revise that one."))
    return unmet
