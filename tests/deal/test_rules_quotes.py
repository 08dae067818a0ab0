"""Quote arithmetic, authority and the price book, without I/O."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deal_svc.catalog.record import Price
from deal_svc.catalog.rules import place
from deal_svc.deals.pipeline import OPEN_STAGES, Stage
from deal_svc.deals.record import new_deal
from deal_svc.policy import DealPolicy
from deal_svc.quotes.acceptance import reason_unmet
from deal_svc.quotes.pricing import as_json, lines_of, planned, price_lines
from deal_svc.quotes.record import Item, Quote, QuoteStatus
from deal_svc.quotes.rules import ACCEPT, SEND, QuoteFacts
from shared.auth.actor import Actor, Role
from shared.money import shares

NOW = datetime(2026, 3, 2, tzinfo=UTC)
TODAY = NOW.date()
CENT, YEN = Decimal("0.01"), Decimal(1)
OWNER = Actor.of(uuid4(), {Role.rep})
DEAL = new_deal(NOW, id=uuid4(), opened_at=NOW, name="x", amount=Decimal(1), currency="CNY", fx=Decimal(1), owner_id=OWNER.id)


def item(quantity: str = "1", price: str = "100", off: str = "0", tax: str = "13", line: str = "crm") -> Item:
    return Item(uuid4(), "S", "Name", line, Decimal(quantity), Decimal(price), Decimal(off), Decimal(tax))


def quote(*items: Item, total_off: str = "0", **over: Any) -> Quote:
    lines, totals = price_lines(items or [item()], Decimal(total_off), CENT)
    start: dict[str, Any] = dict.fromkeys(Quote.__dataclass_fields__) | {
        "status": QuoteStatus.DRAFT,
        "currency": "CNY",
        "valid_until": TODAY,
        "lines": [as_json(x) for x in lines],
        "schedule": planned(DealPolicy().payment_plan),
        **asdict(totals),
    }
    return Quote(**start | over)


def test_a_worked_example() -> None:
    lines, totals = price_lines([item("3", "33.33", "10"), item("2", "50", "0", "6")], Decimal(5), CENT)
    # 99.99 - 10 % = 89.99; 100; together 189.99, 5 % off is 9.50, of which 4.50 and 5.00
    assert [(x.net, x.tax) for x in lines] == [(Decimal("85.49"), Decimal("11.11")), (Decimal("95.00"), Decimal("5.70"))]
    assert (totals.list_total, totals.net, totals.tax, totals.total) == tuple(map(Decimal, ("199.99", "180.49", "16.81", "197.30")))
    assert totals.discount_percent == Decimal("9.7505")


def test_yen_have_no_decimals() -> None:
    [line], totals = price_lines([item("3", "33.33")], Decimal(0), YEN)
    assert (line.net, line.tax, totals.total) == (100, 13, 113)


def test_nothing_costs_nothing() -> None:
    assert price_lines([], Decimal(10), CENT)[1].total == 0
    assert price_lines([item(price="0")], Decimal(10), CENT)[1].discount_percent == 0


amounts = st.decimals("0", "99999999999999", places=4)
percents = st.decimals("0", "100", places=4)
items = st.lists(
    st.builds(
        Item,
        st.just(uuid4()),
        st.just("S"),
        st.just("N"),
        st.sampled_from(["a", "b"]),
        st.decimals("0.0001", "99999999", places=4),
        amounts,
        percents,
        percents,
    ),
    max_size=8,
)


@given(items, percents, st.sampled_from([CENT, YEN, Decimal("0.001")]))
def test_the_lines_add_up_to_the_totals_to_the_last_cent(lines: list[Item], off: Decimal, unit: Decimal) -> None:
    priced, totals = price_lines(lines, off, unit)
    assert sum((x.net for x in priced), Decimal(0)) == totals.net
    assert sum((x.tax for x in priced), Decimal(0)) == totals.tax
    assert totals.net + totals.tax == totals.total
    assert 0 <= totals.net <= totals.list_total
    assert 0 <= totals.discount_percent <= 100
    assert all(x.net >= 0 and x.net % unit == 0 and x.tax % unit == 0 for x in priced)


@given(items.filter(bool), percents)
def test_a_quote_read_from_its_json_is_the_same(lines: list[Item], off: Decimal) -> None:
    priced, _ = price_lines(lines, off, CENT)
    assert lines_of(quote(lines=[as_json(x) for x in priced])) == priced


@given(st.decimals("0", "1e12", places=2), st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_payment_shares_add_up_to_the_total(total: Decimal, weights: list[int]) -> None:
    percent = [Decimal(w) for w in weights]
    percent[-1] += 100 - sum(percent) if sum(percent) < 100 else 0
    scaled = [p * 100 / sum(percent) for p in percent]
    assert sum(shares(total, scaled, "CNY")) == total


# -- Sent and accepted ----------------------------------------------------------------------------------------------------------

FINE = QuoteFacts(replace(DEAL, stage=Stage.NEGOTIATION), TODAY)


@pytest.mark.parametrize(
    ("given_", "facts", "code"),
    [
        ({"lines": []}, FINE, "no_lines"),
        ({"schedule": [{"trigger": "signed", "percent": "99.99", "due_days": 0}]}, FINE, "schedule_incomplete"),
        ({"valid_until": date(2026, 3, 1)}, FINE, "validity_past"),
        ({"status": QuoteStatus.SENT}, FINE, "not_sendable"),
        ({}, replace(FINE, outdated=("S",)), "price_outdated"),
    ],
)
def test_what_stops_a_quote_from_being_sent(given_: dict[str, Any], facts: QuoteFacts, code: str) -> None:
    assert [u.code for u in SEND.unmet(quote(**given_), facts, OWNER)] == [code]
    assert SEND.unmet(quote(), FINE, OWNER) == []


ENDED = [QuoteStatus.REJECTED, QuoteStatus.SUPERSEDED, QuoteStatus.WITHDRAWN, QuoteStatus.DRAFT, QuoteStatus.ACCEPTED]


@pytest.mark.parametrize("status", ENDED)
def test_only_what_was_sent_can_be_accepted(status: QuoteStatus) -> None:
    assert [u.code for u in ACCEPT.unmet(quote(status=status), FINE, OWNER)] == ["not_sent"]


@pytest.mark.parametrize("stage", OPEN_STAGES)
def test_a_yes_comes_in_negotiation_or_from_a_manager(stage: Stage) -> None:
    at = replace(FINE, deal=replace(DEAL, stage=stage))
    early = ["not_in_negotiation"] if stage in (Stage.DISCOVERY, Stage.PROPOSAL) else []
    sent = quote(status=QuoteStatus.SENT)
    assert [u.code for u in ACCEPT.unmet(sent, at, OWNER)] == early
    assert ACCEPT.unmet(sent, at, Actor.of(uuid4(), {Role.manager})) == []
    assert [u.code for u in reason_unmet(at.deal, None)] == (["reason_missing"] if early else [])


def test_the_day_of_the_yes_decides_about_validity() -> None:
    sent, expired = quote(status=QuoteStatus.SENT), quote(status=QuoteStatus.EXPIRED)
    assert ACCEPT.unmet(sent, FINE, OWNER) == [] == ACCEPT.unmet(expired, FINE, OWNER)
    assert [u.code for u in ACCEPT.unmet(sent, replace(FINE, today=date(2026, 3, 3)), OWNER)] == ["quote_expired"]
    rival = ACCEPT.unmet(sent, replace(FINE, rival_accepted=True), OWNER)
    assert [u.code for u in rival] == ["other_accepted"]


# -- The price book ------------------------------------------------------------------------------------------------------------


def price(start: int, end: int | None) -> Price:
    return Price(uuid4(), 1, uuid4(), "CNY", Decimal(1), None, date(2026, 1, start), date(2026, 1, end) if end else None, NOW, NOW)


def test_a_new_price_ends_the_one_in_force() -> None:
    old, fixed = price(1, None), price(20, 25)
    assert place([old], date(2026, 1, 10), None).ends == old
    assert place([old], date(2026, 1, 1), None).replaces == old
    assert place([fixed], date(2026, 1, 25), None).overlaps
    assert place([fixed], date(2026, 1, 10), date(2026, 1, 20)).overlaps
    assert place([fixed], date(2026, 1, 10), date(2026, 1, 19)).overlaps == []
    assert place([old], date(2025, 12, 1), None).overlaps


days = st.integers(0, 300)


@given(st.lists(st.tuples(days, st.one_of(st.none(), days)), max_size=12))
def test_the_book_never_has_two_prices_for_a_day(orders: list[tuple[int, int | None]]) -> None:
    first = date(2026, 1, 1).toordinal()
    book: list[Price] = []
    for start, length in orders:
        begins = date.fromordinal(first + start)
        ends = None if length is None else date.fromordinal(first + start + length)
        placing = place(book, begins, ends)
        if placing.overlaps:
            continue
        kept = [p for p in book if p not in (placing.replaces, placing.ends)]
        if placing.ends:
            kept.append(replace(placing.ends, valid_to=date.fromordinal(begins.toordinal() - 1)))
        book = [*kept, replace(price(1, None), valid_from=begins, valid_to=ends)]
        assert all(sum(p.on(date.fromordinal(first + day)) for p in book) <= 1 for day in range(620))
