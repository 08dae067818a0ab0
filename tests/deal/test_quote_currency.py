"""A quote in another currency than its deal: prices of that currency, the rate of their day, and a deal that takes both over."""

from decimal import Decimal
from typing import Any

from shared.events.deal import DealUpdated
from shared.events.quote import QuoteAccepted, QuoteCreated, QuoteSent
from shared.events.team import PersonAdded
from tests.deal.sales import TEAM, Sales
from tests.deal.test_rates import hear
from tests.harness import Running

DOLLARS = ("USD", "7.2", None)


async def priced_abroad(sales: Sales) -> None:
    put = {"unit_price": {"amount": "150", "currency": "USD"}, "valid_from": "2025-01-01"}
    await sales.ask("ops", "PUT", f"/v1/products/{sales.products['CRM-1']}/prices", put, etag="*")


def money_of(record: dict[str, Any]) -> tuple[str, str, str | None]:
    return record["currency"], record["fx"], record["fx_day"]


async def test_a_quote_takes_the_prices_of_its_currency_and_the_rate_of_its_day(sales: Sales, svc: Running) -> None:
    await priced_abroad(sales)
    await hear(svc, "2026-03-02", "7.2")
    quote = await sales.quote(await sales.deal(), currency="USD")
    assert money_of(quote) == DOLLARS
    assert quote["net"] == {"amount": "1500.00", "currency": "USD"}
    told = (await svc.told(QuoteCreated))[-1].data
    assert isinstance(told, QuoteCreated)
    assert (told.net.currency, told.fx, told.fx_day) == ("USD", Decimal("7.2"), None)
    own = await sales.quote(await sales.deal())
    assert money_of(own) == ("CNY", "1", None)


async def test_the_rate_stays_until_the_lines_take_the_prices_of_another_day(sales: Sales, svc: Running) -> None:
    await priced_abroad(sales)
    await hear(svc, "2026-02-01", "7.1")
    quote = await sales.quote(await sales.deal(at="2026-02-01T08:00:00Z"), currency="USD", at="2026-02-14T08:00:00Z")
    assert money_of(quote) == ("USD", "7.1", "2026-02-01")
    await hear(svc, "2026-03-02", "7.2")
    path = f"/v1/quotes/{quote['id']}"
    noted = await sales.ask("rep:ann", "PATCH", path, {"note": "Ask for Lin"}, etag="*")
    assert money_of(noted) == ("USD", "7.1", "2026-02-01")
    again = await sales.ask("rep:ann", "PATCH", path, {"lines": [sales.line("2")]}, etag="*")
    assert (money_of(again), again["net"]["currency"]) == (DOLLARS, "USD")


async def test_a_later_version_keeps_the_currency_with_the_rate_of_its_prices(sales: Sales, svc: Running) -> None:
    await priced_abroad(sales)
    await hear(svc, "2026-03-02", "7.2")
    quote = await sales.quote(await sales.deal(), currency="USD")
    await sales.act(quote, "send")
    await hear(svc, "2026-03-02", "7.3", version=2)
    later = await sales.act(quote, "revise", expect=201)
    assert (later["revision"], money_of(later)) == (2, DOLLARS)


async def test_the_deal_takes_over_currency_and_rate_with_the_customers_yes(sales: Sales, svc: Running) -> None:
    """So deal, quote and contract agree without any conversion; the amount in the reporting currency is that of the quote."""
    await priced_abroad(sales)
    await hear(svc, "2026-03-01", "7.2")
    deal = await sales.deal()
    quote = await sales.quote(deal, currency="USD")
    await sales.act(quote, "send")
    assert (await sales.read(deal))["amount"] == {"amount": "50000.00", "currency": "CNY"}, "an offer changes nothing of the deal"
    await hear(svc, "2026-03-02", "9")
    await sales.agree(quote)
    after = await sales.read(deal)
    assert (after["amount"], after["fx_day"]) == ({"amount": "1500.00", "currency": "USD"}, "2026-03-01")
    sent, accepted, updated = [(await svc.told(kind))[-1].data for kind in (QuoteSent, QuoteAccepted, DealUpdated)]
    assert isinstance(sent, QuoteSent)
    assert isinstance(accepted, QuoteAccepted)
    assert isinstance(updated, DealUpdated)
    assert {told.fx for told in (sent, accepted, updated)} == {Decimal("7.2")}
    assert (accepted.net.amount, updated.amount.amount, updated.amount.currency) == (Decimal(1500), Decimal(1500), "USD")
    assert {"amount", "currency", "fx", "fx_day"} <= set(updated.changed)


async def test_quotes_of_one_deal_may_be_in_several_currencies_and_only_one_is_accepted(sales: Sales) -> None:
    await priced_abroad(sales)
    deal = await sales.deal()
    home, abroad = await sales.quote(deal), await sales.quote(deal, currency="USD")
    for quote in (home, abroad):
        await sales.act(quote, "send")
    await sales.agree(abroad)
    refused = await sales.agree(home, expect=409)
    assert [unmet["code"] for unmet in refused["unmet"]] == ["other_accepted"]
    await sales.act(abroad, "withdraw", "manager:max", reason="They want to pay at home after all")
    await sales.agree(home)
    assert (await sales.read(deal))["amount"] == {"amount": "10000.00", "currency": "CNY"}


async def test_a_currency_without_prices_or_without_a_rate_is_refused(sales: Sales) -> None:
    deal = await sales.deal()
    body = {"deal_id": deal["id"], "lines": [sales.line()]}
    for path in ("/v1/quotes", "/v1/quotes/price"):
        no_price = await sales.ask("rep:ann", "POST", path, {**body, "currency": "EUR"}, expect=409)
        assert (no_price["code"], "in EUR" in no_price["detail"]) == ("no_price", True)
        no_rate = await sales.ask("rep:ann", "POST", path, {**body, "currency": "CHF"}, expect=422)
        assert [(error["pointer"], error["code"]) for error in no_rate["errors"]] == [("/currency", "no_fx_rate")]


async def test_a_price_in_another_currency_is_that_of_the_quote(sales: Sales) -> None:
    await priced_abroad(sales)
    body = {"deal_id": (await sales.deal())["id"], "currency": "USD", "lines": [sales.line("3", discount_amount="0.01")]}
    priced = await sales.ask("rep:ann", "POST", "/v1/quotes/price", body)
    quote = await sales.ask("rep:ann", "POST", "/v1/quotes", body, expect=201)
    assert {name: priced[name] for name in ("net", "tax", "total", "schedule")} == {
        name: quote[name] for name in ("net", "tax", "total", "schedule")
    }


async def test_a_cost_in_the_reporting_currency_is_held_against_the_price_at_the_quotes_rate(sales: Sales, svc: Running) -> None:
    """1500 dollars at 7.2 are more than 10 pieces for 1079 each, and less than for 1081."""
    await priced_abroad(sales)
    await hear(svc, "2026-03-02", "7.2")
    for role, key in (("director", "dan"), ("finance", "fay")):
        await svc.hear(PersonAdded(role=role, team_id=TEAM, team_path=[TEAM]), svc.person(role, key))
    for cost, tier in (("1079", "owner"), ("1081", "director_finance")):
        put = {"cost": {"amount": cost, "currency": "CNY"}}
        await sales.ask("finance", "PUT", f"/v1/products/{sales.products['CRM-1']}/cost", put, etag="*")
        submitted = await sales.act(await sales.quote(await sales.deal(), currency="USD"), "submit")
        assert submitted["tier"] == tier
