"""Whatever a quote is made of, its parts add up exactly: lines, discounts, tax and payments, in currencies with 0, 2 and 3 decimals."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deal_svc.policy import TaxRounding
from deal_svc.quotes.pricing import counted, due_amounts, listed, price_lines, shared_out, without_total_discount
from deal_svc.quotes.record import Item
from shared.money import minor_unit

CURRENCIES = st.sampled_from(["JPY", "CNY", "KWD"])
PERCENTS = st.decimals("0", "100", places=4)


@st.composite
def quotes(draw: st.DrawFn) -> tuple[list[Item], dict[str, Any], str]:
    """Items, discounts of the whole by percent or by amount, and a currency."""
    currency = draw(CURRENCIES)
    unit = minor_unit(currency)
    items = [_item(draw, unit) for _ in range(draw(st.integers(0, 6)))]
    by_amount = draw(st.booleans())
    own = sum((a for i, a in zip(items, without_total_discount(items, unit), strict=True) if i.counts), Decimal(0))
    off = {"total_discount_amount": draw(st.integers(0, int(own / unit))) * unit} if by_amount else {}
    percent = Decimal(0) if by_amount else draw(PERCENTS)
    return items, {"total_discount_percent": percent, "unit": unit, **off, "tax_rounding": draw(st.sampled_from(TaxRounding))}, currency


def _item(draw: st.DrawFn, unit: Decimal) -> Item:
    quantity, price = draw(st.decimals("0.0001", "9999", places=4)), draw(st.decimals("0", "99999", places=4))
    tax = draw(st.sampled_from([Decimal(0), Decimal(6), Decimal(13), Decimal("7.7")]))
    kinds: dict[str, Any] = {"optional": draw(st.booleans()), "chosen": draw(st.booleans())}
    kinds["periods"] = draw(st.none() | st.decimals("1", "60", places=2))
    item = Item(uuid4(), "S", "N", "a", quantity, price, Decimal(0), tax, **kinds)
    if draw(st.booleans()):
        amount = draw(st.integers(0, int(listed(item, unit) / unit))) * unit
        return Item(uuid4(), "S", "N", "a", quantity, price, Decimal(0), tax, discount_amount=amount, **kinds)
    return Item(uuid4(), "S", "N", "a", quantity, price, draw(PERCENTS), tax, **kinds)


@given(quotes())
def test_the_parts_of_a_quote_add_up_exactly(made: tuple[list[Item], dict[str, Any], str]) -> None:
    items, how, _ = made
    lines, totals = price_lines(items, **how)
    in_totals, unit = counted(lines), how["unit"]
    assert sum((x.net for x in in_totals), Decimal(0)) == totals.net
    assert sum((x.tax for x in in_totals), Decimal(0)) == totals.tax
    assert totals.net + totals.tax == totals.total
    assert sum((listed(x, unit) for x in in_totals), Decimal(0)) == totals.list_total
    assert all(0 <= x.net <= listed(x, unit) and x.tax >= 0 and x.net % unit == 0 and x.tax % unit == 0 for x in lines)
    assert 0 <= totals.discount_percent <= 100


@given(quotes())
def test_tax_on_the_total_is_the_tax_of_the_total(made: tuple[list[Item], dict[str, Any], str]) -> None:
    items, how, _ = made
    lines, _ = price_lines(items, **how | {"tax_rounding": TaxRounding.TOTAL})
    for rate in {x.tax_percent for x in counted(lines)}:
        taxed = [x for x in counted(lines) if x.tax_percent == rate]
        exact = sum((x.net for x in taxed), Decimal(0)) * rate / 100
        assert abs(sum((x.tax for x in taxed), Decimal(0)) - exact) * 2 <= how["unit"]


@given(st.integers(0, 10**12), st.lists(st.integers(1, 10**9), min_size=1, max_size=12), CURRENCIES)
def test_no_part_is_a_whole_unit_away_from_its_share(amount: int, weights: list[int], currency: str) -> None:
    unit = minor_unit(currency)
    whole = amount * unit
    parts = shared_out(whole, [Decimal(w) for w in weights], unit)
    assert sum(parts, Decimal(0)) == whole
    assert all(abs(part - whole * w / sum(weights)) < unit for part, w in zip(parts, weights, strict=True))


@given(quotes(), st.data())
def test_a_schedule_is_exactly_the_total(made: tuple[list[Item], dict[str, Any], str], data: st.DataObject) -> None:
    items, how, currency = made
    total, unit = price_lines(items, **how)[1].total, how["unit"]
    kind = data.draw(st.sampled_from(["percent", "amount", "equal", "deposit"]))
    if kind == "percent":
        cuts = sorted(data.draw(st.lists(st.integers(0, 10000), max_size=5)))
        steps = [b - a for a, b in zip([0, *cuts], [*cuts, 10000], strict=True)]
        schedule: list[dict[str, Any]] = [{"percent": str(Decimal(step) / 100)} for step in steps]
    elif kind == "amount":
        first = data.draw(st.integers(0, int(total / unit))) * unit
        schedule = [{"amount": str(first)}, {"amount": str(total - first)}]
    else:
        equal: list[dict[str, Any]] = [{"percent": None, "amount": None}] * data.draw(st.integers(1, 24))
        deposit = data.draw(st.integers(0, max(int(total / unit) - 1, 0))) * unit
        schedule = [{"amount": str(deposit)}, *equal] if kind == "deposit" else equal
    due = due_amounts(schedule, total, currency)
    if not total and kind in ("equal", "deposit"):
        assert due is None, "there is nothing to share"
        return
    assert due is not None
    assert sum(due, Decimal(0)) == total
    assert all(x >= 0 and x % unit == 0 for x in due)
    if kind == "equal":
        assert max(due) - min(due) <= unit


@pytest.mark.parametrize("schedule", [[{"amount": "99.99"}], [{"amount": "100.01"}], [{"percent": "99"}], [{"amount": "100"}, {}], []])
def test_a_schedule_that_is_not_the_total_has_no_amounts(schedule: list[dict[str, Any]]) -> None:
    assert due_amounts(schedule, Decimal(100), "CNY") is None


def test_a_discount_is_never_larger_than_what_it_is_taken_off() -> None:
    item = Item(uuid4(), "S", "N", "a", Decimal(1), Decimal(100), Decimal(0), Decimal(13), discount_amount=Decimal("100.01"))
    with pytest.raises(ValueError, match="larger"):
        price_lines([item], Decimal(0), Decimal("0.01"))
