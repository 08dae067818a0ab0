"""Price lists through the API: which one prices a quote, on which day, and what becomes of a quote when a newer one applies."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared.calendar import end_of
from shared.events.catalog import PriceListActivated
from shared.events.party import AccountUpdated
from tests.client import allowed, codes
from tests.deal.sales import ACME, Sales
from tests.harness import Running


async def listed(sales: Sales, name: str, price: str, *, active: bool = True, **over: Any) -> dict[str, Any]:
    """A list in CNY from 2026 on that has this price of CRM-1, in force."""
    entry = {"product_id": sales.products["CRM-1"], "unit_price": price} | over.pop("entry", {})
    body = {"name": name, "currency": "CNY", "valid_from": "2026-01-01", "entries": [entry]} | over
    made: dict[str, Any] = await sales.ask("ops", "POST", "/v1/price-lists", body, expect=201)
    return await do(sales, made, "activate") if active else made


async def do(sales: Sales, one: dict[str, Any], act: str, *, expect: int = 200, **body: Any) -> dict[str, Any]:
    done: dict[str, Any] = await sales.ask("ops", "POST", f"/v1/price-lists/{one['id']}/{act}", body or None, etag="*", expect=expect)
    return done


async def key_account(sales: Sales, svc: Running) -> None:
    """Acme becomes a key account."""
    await svc.hear(AccountUpdated(name="Acme Ltd", region="east", owner_id=svc.person("rep", "ann"), tier="key", changed=["tier"]), ACME, 5)


async def price(sales: Sales, quantity: str = "1", **over: Any) -> str:
    quote = await sales.quote(await sales.deal(), lines=[sales.line(quantity)], **over)
    unit_price: str = quote["lines"][0]["unit_price"]
    return unit_price


async def test_level_goes_before_channel_and_both_before_lists_for_all(sales: Sales, svc: Running) -> None:
    assert await price(sales) == "1000.00", "the product's own price"
    await listed(sales, "All", "900")
    assert await price(sales) == "900.00"
    await listed(sales, "Partners", "800", channel="partner")
    assert (await price(sales), await price(sales, channel="partner")) == ("900.00", "800.00")
    await listed(sales, "Key accounts", "850", customer_level="key")
    assert await price(sales, channel="partner") == "800.00", "Acme is no key account yet"
    await key_account(sales, svc)
    assert (await price(sales), await price(sales, channel="partner")) == ("850.00", "850.00")
    await listed(sales, "Key partners", "700", customer_level="key", channel="partner")
    assert (await price(sales), await price(sales, channel="partner")) == ("850.00", "700.00")


async def test_a_list_in_another_currency_never_counts(sales: Sales, svc: Running) -> None:
    await key_account(sales, svc)
    await listed(sales, "Abroad", "1", currency="EUR", customer_level="key")
    assert await price(sales) == "1000.00"


async def test_a_draft_prices_nothing_and_a_retired_list_neither(sales: Sales) -> None:
    one = await listed(sales, "All", "900", active=False)
    assert await price(sales) == "1000.00"
    await do(sales, one, "activate")
    assert await price(sales) == "900.00"
    await do(sales, one, "retire")
    assert await price(sales) == "1000.00"


async def test_a_list_begins_at_midnight_of_the_company(sales: Sales, svc: Running) -> None:
    await listed(sales, "March", "900", valid_from="2026-03-01")
    deal = await sales.deal(at="2026-02-01T00:00:00Z")
    midnight = end_of(date(2026, 2, 28), svc.settings.zone)
    for at, expected in ((midnight - timedelta(seconds=1), "1000.00"), (midnight, "900.00")):
        quote = await sales.quote(deal, lines=[sales.line()], at=at.isoformat())
        assert quote["lines"][0]["unit_price"] == expected


async def test_the_quantity_chooses_the_tier_and_the_price_may_be_finer_than_money(sales: Sales) -> None:
    tiers = [{"from_quantity": "10", "unit_price": "900.125"}, {"from_quantity": "100", "unit_price": "800.0625"}]
    await listed(sales, "Volume", "950", entry={"tiers": tiers})
    assert [await price(sales, q) for q in ("9", "10", "99.9999", "100")] == ["950.00", "900.125", "900.125", "800.0625"]


async def test_a_quote_keeps_its_prices_and_says_when_a_newer_list_applies(sales: Sales, svc: Running) -> None:
    first = await listed(sales, "All", "900")
    quote = await sales.quote(await sales.deal(), lines=[sales.line()])
    assert (quote["lines"][0]["price_list_id"], quote["newer_prices"]) == (first["id"], [])
    second = await do(sales, first, "revise", expect=201, valid_from="2026-03-03")
    entries = [{"product_id": sales.products["CRM-1"], "unit_price": "950"}]
    await sales.ask("ops", "PATCH", f"/v1/price-lists/{second['id']}", {"entries": entries}, etag="*")
    await do(sales, second, "activate")
    ended = await sales.ask("ops", "GET", f"/v1/price-lists/{first['id']}")
    assert (ended["state"], ended["valid_to"]) == ("active", "2026-03-02"), "the version before ends the day before"
    assert (await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}"))["newer_prices"] == []
    svc.clock.advance(days=1)
    read = await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}")
    assert (read["newer_prices"], read["net"]["amount"]) == (["CRM-1"], "900.00")
    await sales.act(quote, "send")
    assert await price(sales) == "950.00"
    assert len(await svc.told(PriceListActivated)) == 2


async def test_a_price_that_was_replaced_for_its_day_is_not_sent(sales: Sales) -> None:
    first = await listed(sales, "All", "9")
    quote = await sales.quote(await sales.deal(), lines=[sales.line()])
    second = await do(sales, first, "revise", expect=201, valid_from="2026-01-01")
    entries = [{"product_id": sales.products["CRM-1"], "unit_price": "900"}]
    await sales.ask("ops", "PATCH", f"/v1/price-lists/{second['id']}", {"entries": entries}, etag="*")
    await do(sales, second, "activate")
    assert (await sales.ask("ops", "GET", f"/v1/price-lists/{first['id']}"))["state"] == "retired"
    assert codes(await sales.act(quote, "send", expect=409)) == {"price_outdated"}


async def test_two_lists_are_never_for_the_same_customers_on_one_day(sales: Sales) -> None:
    await listed(sales, "All", "900", valid_to="2026-06-30")
    rival = await listed(sales, "Other", "800", active=False, valid_from="2026-06-30")
    assert codes(await do(sales, rival, "activate", expect=409)) == {"price_list_overlap"}
    await sales.ask("ops", "PATCH", f"/v1/price-lists/{rival['id']}", {"valid_from": "2026-07-01"}, etag="*")
    await do(sales, rival, "activate")
    empty = await listed(sales, "Empty", "1", active=False, entries=[], channel="shop")
    assert codes(await do(sales, empty, "activate", expect=409)) == {"no_entries"}


async def test_the_shares_of_a_bundle_add_up_to_its_line(sales: Sales) -> None:
    await sales.product("BUNDLE", line="crm", price="100")
    parts = [{"product_id": sales.products["CRM-1"], "quantity": str(n), "unit_price": "33.33"} for n in (1, 1, 1)]
    await listed(sales, "Bundles", "100", entry={"product_id": sales.products["BUNDLE"], "parts": parts})
    [line] = (await sales.quote(await sales.deal(), lines=[sales.line("1", "BUNDLE")]))["lines"]
    assert [(part["sku"], part["net"]) for part in line["parts"]] == [("CRM-1", "33.34"), ("CRM-1", "33.33"), ("CRM-1", "33.33")]
    assert line["net"] == "100.00"


async def test_only_operations_keep_lists_and_floors_are_not_for_everybody(sales: Sales) -> None:
    tiers = [{"from_quantity": "10", "unit_price": "90", "floor": "77"}]
    one = await listed(sales, "All", "100", active=False, entry={"floor": "88", "tiers": tiers})
    path = f"/v1/price-lists/{one['id']}"
    for who in ("rep:ann", "manager:max", "director", "finance"):
        await sales.ask(who, "PATCH", path, {"channel": "x"}, etag="*", expect=403)
        await sales.ask(who, "POST", f"{path}/activate", etag="*", expect=403)
        assert allowed(await sales.ask(who, "GET", path)) == set()
    [entry] = (await sales.ask("rep:ann", "GET", path))["entries"]
    assert (entry["floor"], entry["tiers"][0]["floor"]) == (None, None)
    [entry] = (await sales.ask("finance", "GET", path))["entries"]
    assert (entry["floor"], entry["tiers"][0]["floor"]) == ("88", "77")
    await do(sales, one, "activate")
    assert codes(await sales.ask("ops", "PATCH", path, {"channel": "x"}, etag="*", expect=409)) == {"not_draft"}


async def test_what_is_no_list_is_refused_where_it_is(sales: Sales) -> None:
    crm, nothing = sales.products["CRM-1"], str(UUID(int=7))
    start: dict[str, Any] = {"name": "L", "currency": "CNY", "valid_from": "2026-01-01"}
    one: dict[str, Any] = {"product_id": crm, "unit_price": "1"}
    for given, pointer, code in (
        ({"valid_to": "2025-12-31"}, "/valid_to", "before_start"),
        ({"entries": [one, one]}, "/entries/1/product_id", "given_twice"),
        ({"entries": [{"product_id": nothing, "unit_price": "1"}]}, "/entries/0/product_id", "unknown_product"),
        ({"entries": [one | {"parts": [{"product_id": nothing, "unit_price": "1"}]}]}, "/entries/0/parts/0/product_id", "unknown_product"),
        ({"entries": [one | {"floor": "2"}]}, "/entries/0", "value_error"),
        ({"entries": [one | {"parts": [one]}]}, "/entries/0", "value_error"),
    ):
        refused = await sales.ask("ops", "POST", "/v1/price-lists", start | given, expect=422)
        assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [(pointer, code)]
    await listed(sales, "L", "1", active=False)
    assert (await sales.ask("ops", "POST", "/v1/price-lists", start, expect=409))["code"] == "name_taken"
