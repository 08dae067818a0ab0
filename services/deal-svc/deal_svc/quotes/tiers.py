"""Whose approval a quote needs: by its discounts, and by what else is not as usual. Pure."""

import json
from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from deal_svc.policy import DiscountAuthority
from deal_svc.quotes.pricing import due_amounts, lines_of
from deal_svc.quotes.record import Line, Quote, Tier
from shared.money import minor_unit


class ApprovalStep(StrEnum):
    """A part of the approval of a quote, which one person decides."""

    MANAGER = "manager"
    DIRECTOR = "director"
    FINANCE = "finance"
    LEGAL = "legal"


_BY_TIER = {
    Tier.OWNER: (),
    Tier.MANAGER: (ApprovalStep.MANAGER,),
    Tier.DIRECTOR: (ApprovalStep.DIRECTOR,),
    Tier.DIRECTOR_FINANCE: (ApprovalStep.DIRECTOR, ApprovalStep.FINANCE),
}


def largest_discount(quote: Quote) -> Decimal:
    """The largest of its discounts counts: a line's, or that of the whole."""
    return max([quote.discount_percent, *(x.discount_percent for x in lines_of(quote))])


def tier_of(quote: Quote, authority: DiscountAuthority, *, deep: bool = False) -> Tier:
    """`deep`: a price is below its floor, or the margin below zero. Nobody is told which, and a large discount looks the same."""
    if deep:
        return Tier.DIRECTOR_FINANCE
    discount = largest_discount(quote)
    if discount <= authority.owner_percent:
        return Tier.OWNER
    if discount <= authority.manager_percent:
        return Tier.MANAGER
    if discount <= authority.director_percent:
        return Tier.DIRECTOR
    return Tier.DIRECTOR_FINANCE


def steps_of(tier: Tier, overridden: Collection[str], special: bool) -> tuple[ApprovalStep, ...]:
    """Who is asked, each a person of their own. A tax that is not the product's is for finance, special terms are for legal."""
    more = [*([ApprovalStep.FINANCE] if overridden else []), *([ApprovalStep.LEGAL] if special else [])]
    needed = {*_BY_TIER[tier], *more}
    return tuple(step for step in ApprovalStep if step in needed)


def asked_of(
    quote: Quote, overridden: Collection[str], before: Quote | None, authority: DiscountAuthority, *, deep: bool = False
) -> tuple[ApprovalStep, ...]:
    """Who is asked for a draft; nobody where an earlier approval covers it. `before`: the approved version before it."""
    if before is not None and is_no_worse(quote, before):
        return ()
    return steps_of(tier_of(quote, authority, deep=deep), overridden, bool(quote.special_terms))


_AGREED = ("currency", "terms", "buyer", "seller", "tax_rounding")
"""What has to be as it was approved: another one is neither better nor worse."""


def is_no_worse(now: Quote, before: Quote) -> bool:
    """Whether nothing that was decided about a version became worse in this one.

    No discount is larger, no product is new or sold for less a period, no bundle has other parts, no tax is another one, no part of the
    total falls due later, no delivery is promised sooner, and there are no other special terms, standard terms, buyer or seller.
    """
    return (
        all((getattr(now, name) or None) == (getattr(before, name) or None) for name in _AGREED)
        and now.special_terms in (None, "", before.special_terms)
        and (now.delivery_on is None or (before.delivery_on is not None and now.delivery_on >= before.delivery_on))
        and _costs_no_less(now, before)
        and _is_paid_no_later(now, before)
    )


def _costs_no_less(now: Quote, before: Quote) -> bool:
    if largest_discount(now) > largest_discount(before) or now.discount_percent > before.discount_percent:
        return False
    approved: dict[UUID, Decimal] = {}
    for x in lines_of(before):
        price = x.net / _units(x)
        approved[x.product_id] = min(price, approved.get(x.product_id, price))
    taxes = {(x.product_id, x.tax_percent) for x in lines_of(before)}
    bundles = [(x.product_id, x.parts) for x in lines_of(before)]
    slack = minor_unit(now.currency)  # what rounding a line's amount may take from it
    return all(
        x.product_id in approved
        and x.net + slack > approved[x.product_id] * _units(x)
        and (x.product_id, x.tax_percent) in taxes
        and (x.product_id, x.parts) in bundles
        for x in lines_of(now)
    )


def _is_paid_no_later(now: Quote, before: Quote) -> bool:
    """Whether the same parts of the total fall due by the same triggers, none of them later."""
    due, approved = (due_amounts(quote.schedule, quote.total, quote.currency) for quote in (now, before))
    if due is None or approved is None or len(due) != len(approved):
        return now.schedule == before.schedule
    slack = minor_unit(now.currency) * (now.total + before.total)  # each amount is rounded
    return all(
        term["trigger"] == then["trigger"]
        and term["due_days"] <= then["due_days"]
        and (term["due_on"] or "") <= (then["due_on"] or "")
        and abs(amount * before.total - share * now.total) <= slack
        for term, then, amount, share in zip(now.schedule, before.schedule, due, approved, strict=True)
    )


def _units(line: Line) -> Decimal:
    """What its price is for: a year of two seats is not worth a month of them."""
    return line.quantity * (line.periods or 1)


_AND = {
    ApprovalStep.MANAGER: "a manager",
    ApprovalStep.DIRECTOR: "a director",
    ApprovalStep.FINANCE: "finance",
    ApprovalStep.LEGAL: "legal",
}


def in_words(steps: Sequence[ApprovalStep]) -> str:
    """`a director and finance`."""
    *first, last = [_AND[step] for step in steps]
    return f"{', '.join(first)} and {last}" if first else last


_CONTENT = (
    "number", "revision", "currency", "lines", "schedule", "delivery_on", "terms", "special_terms", "buyer", "seller",
    "total_discount_percent", "total_discount_amount", "tax_rounding", "list_total", "net", "tax", "total",
)  # fmt: skip


def content_hash(quote: Quote) -> str:
    """SHA-256 of what is approved and sent, as canonical JSON. The validity is not among it: more days for the customer change nothing.

    What a quote does not say is left out, so that a field that a later release adds leaves the hashes of earlier quotes as they are.
    """
    said = {name: getattr(quote, name) for name in _CONTENT}
    content = {name: _plain(value) for name, value in said.items() if value is not None}
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return f"{value.normalize():f}"
        case date():
            return value.isoformat()
        case _:
            return value
