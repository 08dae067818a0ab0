"""Whose approval a quote needs, what keeps an approval, and what its hash covers: without I/O."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deal_svc.policy import DiscountAuthority, TaxRounding
from deal_svc.quotes import tiers
from deal_svc.quotes.pricing import as_json, lines_of, price_lines
from deal_svc.quotes.record import Item, Line, Quote, QuoteStatus, Tier
from deal_svc.quotes.rules import SEND
from shared.auth.actor import Actor, Role
from tests.deal.test_rules_quotes import CENT, FINE, OWNER, YEN, item, items, percents, quote

AUTHORITY = DiscountAuthority()


@pytest.mark.parametrize(
    ("off", "tier", "asks"),
    [
        ("10", Tier.OWNER, ()),
        ("10.01", Tier.MANAGER, ("manager",)),
        ("20", Tier.MANAGER, ("manager",)),
        ("20.01", Tier.DIRECTOR, ("director",)),
        ("30", Tier.DIRECTOR, ("director",)),
        ("30.01", Tier.DIRECTOR_FINANCE, ("director", "finance")),
    ],
)
def test_the_larger_of_line_and_total_discount_decides_whose_approval_a_quote_needs(off: str, tier: Tier, asks: tuple[str, ...]) -> None:
    for priced in (quote(item(off=off)), quote(total_off=off)):
        assert tiers.tier_of(priced, AUTHORITY) is tier
        assert tiers.steps_of(tier, (), False) == asks
        assert set(tiers.steps_of(tier, ("S",), False)) == {*asks, "finance"}, "a tax that is not the product's is for finance"


def test_one_deep_discount_among_many_counts() -> None:
    hidden = quote(item(price="1", off="50"), item(price="100000"))
    assert hidden.discount_percent < 1
    assert tiers.tier_of(hidden, AUTHORITY) is Tier.DIRECTOR_FINANCE


def test_two_discounts_count_together() -> None:
    assert tiers.tier_of(quote(item(off="10"), total_off="10"), AUTHORITY) is Tier.MANAGER


def test_whoever_sends_a_draft_beyond_the_owners_authority_it_needs_approval() -> None:
    boss = Actor.of(uuid4(), {Role.director, Role.admin})
    for by in (OWNER, boss):
        assert [u.code for u in SEND.unmet(quote(total_off="15"), FINE, by)] == ["needs_approval"]
        assert SEND.unmet(quote(total_off="15", status=QuoteStatus.APPROVED), FINE, by) == []


SKU = item("4", "100", "15")


@pytest.mark.parametrize(
    ("then", "kept"),
    [
        (quote(SKU), True),
        (quote(replace(SKU, discount_percent=Decimal(12))), True),
        (quote(replace(SKU, quantity=Decimal(3))), True),
        (quote(replace(SKU, discount_percent=Decimal("15.5"))), False),
        (quote(replace(SKU, unit_price=Decimal(99))), False),
        (quote(replace(SKU, tax_percent=Decimal(6))), False),
        (quote(SKU, item("1", "100", "15")), False),
        (quote(replace(SKU, discount_percent=Decimal(0)), total_off="16"), False),
        (quote(replace(SKU, periods=Decimal(12))), True),
        (quote(replace(SKU, unit_price=Decimal(50), periods=Decimal(2))), False),
        (quote(replace(SKU, parts=[{"sku": "P", "quantity": "1", "unit_price": "1"}])), False),
        (quote(replace(SKU, optional=True)), True),
        (quote(SKU, replace(SKU, product_id=uuid4(), optional=True)), False),
    ],
)
def test_an_approval_is_kept_by_what_is_no_worse_in_anything_that_was_approved(then: Quote, kept: bool) -> None:
    before = quote(SKU, status=QuoteStatus.SENT)
    assert tiers.is_no_worse(then, before) is kept
    assert bool(tiers.asked_of(then, (), before, AUTHORITY)) is not kept


def terms(*parts: tuple[str, str | None, int], **over: Any) -> list[dict[str, Any]]:
    """A schedule: the trigger, the percent and the days of each term."""
    return [{"trigger": trigger, "percent": percent, "due_days": days, "due_on": None} | over for trigger, percent, days in parts]


HALVES = terms(("signed", "50", 10), ("accepted", "50", 30))
APPROVED = {
    "schedule": HALVES,
    "delivery_on": date(2026, 5, 1),
    "terms": "standard",
    "special_terms": "Penalty of 1 % a day",
    "buyer": {"name": "Acme"},
    "seller": {"name": "We Ltd"},
}


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, True),
        ({"schedule": terms(("signed", "50.0", 0), ("accepted", "50", 30))}, True),
        ({"schedule": terms(("signed", None, 10), ("accepted", None, 30))}, True),  # in two equal parts
        ({"schedule": terms(("signed", "50", 10), ("accepted", "50", 31))}, False),
        ({"schedule": terms(("signed", "49.9", 10), ("accepted", "50.1", 30))}, False),
        ({"schedule": terms(("signed", "60", 10), ("accepted", "40", 30))}, False),  # otherwise, better or not
        ({"schedule": terms(("signed", "50", 10), ("go_live", "50", 30))}, False),
        ({"schedule": terms(("signed", "100", 10))}, False),
        ({"schedule": terms(("signed", "50", 10), ("accepted", "49", 30))}, False),
        ({"delivery_on": date(2026, 5, 2)}, True),
        ({"delivery_on": None}, True),
        ({"delivery_on": date(2026, 4, 30)}, False),
        ({"terms": "framework"}, False),
        ({"terms": None}, False),
        ({"special_terms": None}, True),
        ({"special_terms": "Penalty of 2 % a day"}, False),
        ({"buyer": {"name": "Acme Holding"}}, False),
        ({"seller": None}, False),
        ({"currency": "EUR"}, False),
        ({"tax_rounding": TaxRounding.TOTAL}, False),
        ({"valid_until": date(2027, 1, 1), "note": "They hesitate"}, True),
    ],
    ids=str,
)
def test_other_terms_than_those_approved_ask_again_unless_they_are_no_worse(change: dict[str, Any], kept: bool) -> None:
    before = quote(SKU, **APPROVED)
    assert tiers.is_no_worse(replace(before, **change), before) is kept


def test_terms_by_amount_keep_an_approval_as_long_as_they_are_the_same_parts() -> None:
    def quoted(off: str, *amounts: str) -> Quote:
        parts = terms(("signed", None, 10), ("accepted", None, 30))
        return quote(replace(SKU, tax_percent=Decimal(0), discount_percent=Decimal(off)), schedule=[
            term | {"amount": amount} for term, amount in zip(parts, amounts, strict=True)
        ])  # fmt: skip

    before = quoted("15", "113.33", "226.67")
    assert tiers.is_no_worse(quoted("10", "120", "240"), before)
    assert not tiers.is_no_worse(quoted("10", "113.33", "246.67"), before)


def test_a_delivery_that_nobody_approved_asks_again() -> None:
    assert not tiers.is_no_worse(quote(SKU, delivery_on=date(2026, 5, 1)), quote(SKU))


@given(items.filter(bool), percents, st.sampled_from([CENT, YEN, Decimal("0.001")]))
def test_what_is_the_same_is_no_worse(lines: list[Item], off: Decimal, unit: Decimal) -> None:
    priced, totals = price_lines(lines, off, unit)
    same = quote(lines=[as_json(x) for x in priced], discount_percent=totals.discount_percent)
    assert tiers.is_no_worse(same, same)


def test_the_hash_names_what_is_approved_and_nothing_else() -> None:
    one = quote(item(off="15"), number="Q-1", revision=1, list_total=Decimal(100), net=Decimal("85.00"))
    more_days = replace(one, valid_until=date(2027, 1, 1), note="Strategic", net=Decimal(85))
    assert tiers.content_hash(more_days) == tiers.content_hash(one)
    for other in (replace(one, revision=2), replace(one, schedule=[]), replace(one, net=Decimal("84.99"))):
        assert tiers.content_hash(other) != tiers.content_hash(one)


CHANGES: dict[str, Any] = {
    "number": "Q-2",
    "revision": 2,
    "currency": "EUR",
    "lines": [],
    "schedule": [{"trigger": "signed", "amount": "85.00", "due_days": 0}],
    "delivery_on": date(2026, 5, 1),
    "terms": "framework",
    "special_terms": "Pay when pleased",
    "buyer": {"name": "Acme"},
    "seller": {"name": "Other Ltd"},
    "total_discount_percent": Decimal(1),
    "total_discount_amount": Decimal(1),
    "tax_rounding": TaxRounding.TOTAL,
    "list_total": Decimal(101),
    "net": Decimal("84.99"),
    "tax": Decimal(1),
    "total": Decimal(1),
}
"""Another value of each field that is content."""

NO_CONTENT = {
    *("id", "version", "deal_id", "status", "flags", "created_by", "created_at", "updated_at"),  # of the row
    # What the amounts were made from, or follows from them.
    *("fx", "fx_day", "quoted_on", "policy_version", "channel", "discount_percent"),
    *("valid_until", "valid_days", "note", "reason"),  # more days for the customer change nothing; the others are not sent
    "template_id",  # what it looks like; it is chosen when it is sent
    *("sent_at", "viewed_at", "accepted_at", "ended_at"),
    *("tier", "content_hash", "submitted_at", "approved_at", "kept_from"),  # the approval itself
}


def test_each_field_of_a_quote_is_content_or_is_not() -> None:
    """Decide on a new field: whoever approved the quote has approved it, or it may differ when the quote is sent."""
    assert set(CHANGES) | NO_CONTENT == set(Quote.__dataclass_fields__)
    assert not set(CHANGES) & NO_CONTENT


@pytest.mark.parametrize("name", CHANGES)
def test_each_field_that_is_content_changes_the_hash(name: str) -> None:
    one = quote()
    assert tiers.content_hash(replace(one, **{name: CHANGES[name]})) != tiers.content_hash(one)


LINE_CHANGES: dict[str, Any] = {
    "product_id": UUID(int=1),
    "sku": "T",
    "name": "Other",
    "line": "erp",
    "quantity": Decimal(5),
    "unit_price": Decimal(99),
    "discount_percent": Decimal(14),
    "tax_percent": Decimal(6),
    "discount_amount": Decimal(1),
    "periods": Decimal(12),
    "unit": "day",
    "optional": True,
    "chosen": True,
    "lead_days": 9,
    "floor": Decimal(80),
    "price_list_id": UUID(int=2),
    "parts": [{"sku": "P"}],
    "net": Decimal(1),
    "tax": Decimal(1),
}
"""Another value of each field of a line; all of them are content."""


@pytest.mark.parametrize("name", Line.__dataclass_fields__)
def test_each_field_of_a_line_changes_the_hash(name: str) -> None:
    one = quote(SKU)
    [line] = lines_of(one)
    assert tiers.content_hash(replace(one, lines=[as_json(replace(line, **{name: LINE_CHANGES[name]}))])) != tiers.content_hash(one)


@pytest.mark.parametrize("name", ["trigger", "percent", "amount", "due_days", "due_on"])
def test_each_field_of_a_term_changes_the_hash(name: str) -> None:
    one, other = (quote(schedule=terms(("signed", "100", 10), **changed)) for changed in ({}, {name: "another"}))
    assert tiers.content_hash(other) != tiers.content_hash(one)


def test_what_a_quote_does_not_say_leaves_its_hash_as_it_is() -> None:
    """So a field that a later release adds changes no hash of an earlier quote."""
    said = {name: value for name in CHANGES if (value := getattr(quote(SKU), name)) is not None}
    assert {"delivery_on", "terms", "buyer"}.isdisjoint(said)
    plain = {name: f"{value.normalize():f}" if isinstance(value, Decimal) else value for name, value in said.items()}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert tiers.content_hash(quote(SKU)) == sha256(text.encode()).hexdigest()
