"""Whose approval a quote needs: by its discounts, and by what else is not as usual. Pure."""

import json
from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from deal_svc.policy import DiscountAuthority
from deal_svc.quotes.pricing import lines_of
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


def is_no_worse(now: Quote, before: Quote) -> bool:
    """Whether nothing that was decided about a version became worse in this one.

    No discount is larger, no product is new or sold for less a period, no bundle has other parts, no tax is another one, and there are
    no other special terms.
    """
    if now.special_terms not in (None, "", before.special_terms):
        return False
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
    """SHA-256 of what is approved and sent, as canonical JSON. The validity is not among it: more days for the customer change nothing."""
    content = {name: _plain(getattr(quote, name)) for name in _CONTENT}
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return f"{value.normalize():f}"
        case date():
            return value.isoformat()
        case _:
            return value
