"""The demo's plan: what can be said of it without playing it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from clinch.demo import lists, staff
from clinch.demo.contracts import PAST_DOUBT
from clinch.demo.leads import company_name
from clinch.demo.moments import YEAR, Draw, works_on
from clinch.demo.plan import Key, plan
from clinch.demo.story import NET_DAYS, Contract, Deal, Lead, Plan
from clinch.demo.tables import LINES, SELLERS, SOURCES
from clinch.run.people import SAMPLE_PEOPLE
from deal_svc.imports.form import DealRow
from deal_svc.imports.rules import told
from deal_svc.quotes.pricing import price_lines
from deal_svc.quotes.record import Item
from lead_svc.imports.form import LeadRow
from lead_svc.imports.rules import wrong
from shared.imports.amounts import Amounts
from shared.imports.dates import Dates
from shared.money import minor_unit

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BIG = plan(7, 3000, NOW, "CNY", "USD")
years = st.builds(
    plan,
    st.integers(0, 10_000),
    st.integers(30, 120),
    st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.just("CNY"),
    st.sampled_from([None, "USD"]),
)


def in_order(*times: datetime | None) -> bool:
    known = [at for at in times if at is not None]
    return all(a <= b for a, b in pairwise(known))


def times_of(lead: Lead) -> Iterable[datetime | None]:
    yield from (lead.captured_at, lead.mql_at, lead.qualified_at, *(t.at for t in lead.touches), *(f.at for f in lead.findings))
    yield from (lead.aside and lead.aside.at, lead.aside and lead.aside.again_at, lead.dropped and lead.dropped.at)


def times_of_deal(deal: Deal) -> Iterable[datetime | None]:
    yield from (deal.opened_at, deal.proposal_at, deal.negotiation_at, *(deal.reworked or ()), deal.closing_at, deal.won_at)
    yield from (deal.lost.at, deal.lost.reopened_at) if deal.lost else ()
    yield from (deal.quote.sent_at, deal.quote.accepted_at, deal.quote.rejected_at) if deal.quote else ()
    contract = deal.contract or Contract()
    yield from (contract.submitted_at, contract.signed_at, contract.voided_at, contract.accepted_at)
    yield from (at for payment in contract.payments for at in (payment.at, payment.reversed_at))


@given(st.integers(0, 10_000), st.integers(30, 60))
@settings(max_examples=10)
def test_the_same_seed_is_the_same_year(seed: int, leads: int) -> None:
    assert plan(seed, leads, NOW) == plan(seed, leads, NOW)
    assert plan(seed, leads, NOW) == plan(seed, leads, NOW + timedelta(minutes=20)), "a year ends with a full hour"
    assert plan(seed, leads, NOW) != plan(seed + 1, leads, NOW)


@given(years)
@settings(max_examples=40)
def test_times_follow_each_other_and_none_lies_in_the_future(year: Plan) -> None:
    for lead in year.leads:
        assert all(at <= year.now for at in times_of(lead) if at)
        assert lead.captured_at >= year.now - YEAR
        assert in_order(lead.captured_at, lead.mql_at, lead.qualified_at, lead.deal.opened_at if lead.deal else None)
        assert in_order(lead.mql_at, *(t.at for t in lead.touches), lead.qualified_at or (lead.dropped and lead.dropped.at))
    for deal in year.deals:
        assert all(at <= year.now for at in times_of_deal(deal) if at)
        ends_at = deal.won_at or (deal.lost.at if deal.lost else None)
        assert in_order(deal.opened_at, deal.proposal_at, deal.negotiation_at, *(deal.reworked or ()), deal.closing_at, ends_at)
        assert in_order(ends_at, deal.lost.reopened_at if deal.lost else None)


@given(years)
@settings(max_examples=40)
def test_quotes_and_contracts_fit_their_deals(year: Plan) -> None:
    for deal in year.deals:
        quote, contract = deal.quote, deal.contract
        if quote:
            back = deal.reworked[1] if deal.reworked else None
            assert in_order(deal.proposal_at, quote.sent_at, deal.negotiation_at, back, quote.accepted_at, deal.closing_at)
            assert (quote.accepted_at or quote.rejected_at or quote.sent_at).date() <= quote.valid_until
        assert bool(contract) == bool(quote and quote.accepted_at)
        if contract and quote:
            steps = (contract.submitted_at, contract.objected_at, contract.resubmitted_at, contract.approved_at, contract.sent_at)
            assert in_order(deal.closing_at, *steps, contract.signed_at, contract.accepted_at)
            assert (contract.signed_at, deal.manual) == (deal.won_at, False)
            assert not (contract.voided_at and (contract.payments or contract.live_on))
            assert contract.received <= quote.total


@given(years)
@settings(max_examples=40)
def test_whether_a_part_is_overdue_is_beyond_doubt_in_every_zone(year: Plan) -> None:
    for deal in year.deals:
        if deal.quote and deal.contract and not deal.contract.voided_at:
            left = deal.contract.received
            for due_at, amount in deal.contract.due(deal.quote.total, deal.currency):
                left -= amount
                assert left >= 0 or abs(due_at - year.now) > PAST_DOUBT
                if left < 0:
                    break


@given(years)
@settings(max_examples=20)
def test_quotes_come_to_what_the_service_makes_of_them(year: Plan) -> None:
    for quote in (deal.quote for deal in year.deals if deal.quote):
        items = [
            Item(
                product_id=uuid4(),
                sku=line.item.sku,
                name=line.item.name,
                line="",
                quantity=Decimal(line.quantity),
                unit_price=Decimal(line.item.priced(quote.currency, quote.sent_at.year)),
                discount_percent=Decimal(0),
                tax_percent=Decimal(line.item.tax_percent),
            )
            for line in quote.lines
        ]
        _, totals = price_lines(items, Decimal(quote.discount), minor_unit(quote.currency))
        assert (totals.net, totals.total) == (quote.net, quote.total)


@given(years)
@settings(max_examples=20)
def test_lists_hold_only_rows_that_the_import_takes(year: Plan) -> None:
    context: dict[str, Any] = {"dates": Dates(), "amounts": Amounts()}

    def form(row: lists.Row) -> dict[str, Any]:
        return {name: str(value) for name, value in row.items() if value not in ("", None)}

    for lead in year.written:
        row = LeadRow.model_validate(form(lists.lead_row(lead)), context=context)
        assert wrong(row, year.now, 3650) == []
        if lead.deal:
            deal = DealRow.model_validate(form(lists.deal_row(lead, lead.deal)), context=context)
            history, problems = told(deal, year.now)
            assert problems == []
            assert history is not None
            assert (history.closed.stage if history.closed else history.stage) == lead.deal.stage


def share(part: Iterable[Any], whole: Iterable[Any]) -> float:
    return len(list(part)) / len(list(whole))


def test_no_two_leads_are_of_companies_with_one_name() -> None:
    """Converting one of them would be refused until somebody says which of the accounts it is."""
    names = [company_name(n) for n in range(20_000)]
    assert len(set(names)) == len(names)
    companies = [lead.prospect.company for lead in BIG.leads]
    assert len(set(companies)) == len(companies)


def test_a_year_is_believable() -> None:
    leads, deals = BIG.leads, BIG.deals
    won = [deal for deal in deals if deal.stage == "won"]
    lost = [deal for deal in deals if deal.stage == "lost"]
    assert len(leads) == 3000
    assert 0.35 < share((lead for lead in leads if lead.mql_at), leads) < 0.5
    assert 0.15 < share((lead for lead in leads if lead.qualified_at), leads) < 0.28
    assert 0.3 < len(won) / (len(won) + len(lost)) < 0.5
    by_hand = [lead for lead in BIG.worked if lead.deal]
    assert 120 <= len(by_hand) <= 180
    assert share(BIG.written, leads) > 0.8
    open_deals = [deal for deal in deals if deal.stage not in ("won", "lost")]
    assert 50 < len(open_deals) < 200
    assert all(BIG.now.date() < deal.expected_close_on <= BIG.now.date() + timedelta(days=92) for deal in open_deals)
    cycles = sorted((deal.won_at - deal.opened_at).days for deal in won if deal.won_at)
    assert 30 < cycles[len(cycles) // 2] < 75


def test_the_business_grows_and_has_seasons_and_weekends() -> None:
    captured = [lead.captured_at for lead in BIG.leads]
    halves = [at for at in captured if at >= BIG.now - YEAR / 2]
    assert 1.1 < len(halves) / (len(captured) - len(halves)) < 2.5
    november, february = (sum(at.month == month for at in captured) for month in (11, 2))
    assert november > 1.5 * february, "fairs in November, the New Year in February"
    weekend = sum(at.weekday() > 4 for at in captured)
    assert 0.03 < weekend / len(captured) < 0.15


def test_sources_and_sellers_differ() -> None:
    deals_by_source = {
        source.name: share((x for x in BIG.leads if x.deal and x.source is source), (x for x in BIG.leads if x.source is source))
        for source in SOURCES
    }
    assert deals_by_source["customer_referral"] > 3 * deals_by_source["online_ads"]
    assert deals_by_source["online_ads"] > deals_by_source["cold_outreach"]
    closed = [deal for deal in BIG.deals if deal.stage in ("won", "lost")]
    rates = {key: share((d for d in closed if d.owner == key and d.won_at), (d for d in closed if d.owner == key)) for key in SELLERS}
    assert rates["dev-rep-2"] > rates["dev-rep-3"] + 0.1


def test_a_year_has_payments_of_every_kind() -> None:
    signed = [deal for deal in BIG.deals if deal.contract and deal.contract.signed_at]
    contracts = [deal.contract for deal in signed if deal.contract]
    assert sum(1 for contract in contracts if contract.voided_at) == 1
    assert sum(1 for contract in contracts for payment in contract.payments if payment.reversed_at) == 1
    assert sum(1 for deal in signed if deal.paid) > 10
    parts = [(c, p) for c in contracts for p in c.payments if p.part == 0]
    assert len({id(c) for c, _ in parts}) < len(parts) - 1, "some pay in two goes, beside the one who paid again"
    late = [p for c in contracts for p in c.payments if c.signed_at and p.part == 0 and p.at > c.signed_at + NET_DAYS]
    assert late


def test_a_demo_is_known_by_its_keys() -> None:
    key = Key.of(BIG.newest.key)
    assert key == Key(7, 3000, NOW.replace(minute=0))
    assert all(lead.key.startswith(str(key)) for lead in BIG.leads)
    assert len({lead.key for lead in BIG.leads}) == 3000


def test_every_seller_has_a_boss_and_helpers_of_the_right_kind() -> None:
    roles = {person.key: person.role.value for person in SAMPLE_PEOPLE}
    for seller in SELLERS:
        assert roles[staff.boss_of(seller)] in ("manager", "director")
        assert staff.approvers_of(seller, 10) == {}
        assert roles[staff.approvers_of(seller, 20)["manager"]] in ("manager", "director")
        assert seller not in staff.approvers_of(seller, 20).values(), "nobody approves their own"
        assert staff.approvers_of(seller, 25) == {"director": staff.DIRECTOR}


@given(st.datetimes(datetime(2025, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC)), st.floats(0.5, 60))  # noqa: DTZ001
def test_people_act_later_and_on_working_days(at: datetime, days: float) -> None:
    later = Draw("x", NOW).later(at, days)
    assert later is None or at < later < NOW
    if later and later - at > timedelta(hours=1):
        assert works_on(later.date())


def test_prices_are_whole_hundreds_so_that_no_cent_is_rounded() -> None:
    for item in (item for line in LINES for item in line.items):
        for year in range(2023, 2035):
            assert item.priced("CNY", year) % 100 == item.priced("USD", year) % 100 == 0
            assert item.priced("CNY", year) <= item.priced("CNY", year + 1)
