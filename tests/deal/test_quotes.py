"""Quotes and the catalogue through the API."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.events.catalog import PriceSet, ProductChanged
from shared.events.deal import DealUpdated
from shared.events.quote import (
    QuoteAccepted,
    QuoteChanged,
    QuoteCreated,
    QuoteExpired,
    QuoteRejected,
    QuoteSent,
    QuoteSuperseded,
    QuoteWithdrawn,
)
from tests.client import allowed, codes, unmet
from tests.deal.sales import ACME, TEAM, Sales
from tests.harness import Running


def amounts(quote: dict[str, Any]) -> list[str]:
    return [quote[name]["amount"] for name in ("list_total", "net", "tax", "total")]


async def test_a_quote_is_priced_by_the_book(sales: Sales, svc: Running) -> None:
    await sales.product("TRAIN", line="services", price="333.33", tax="6")
    deal = await sales.deal()
    quote = await sales.quote(deal, lines=[sales.line("10", discount_percent="5"), sales.line("3", "TRAIN")], total_discount_percent="2")

    # 10000 - 5 % = 9500 and 999.99; 2 % of 10499.99 is 210.00, of which 190.00 and 20.00
    assert [x["net"] for x in quote["lines"]] == ["9310.00", "979.99"]
    assert amounts(quote) == ["10999.99", "10289.99", "1269.10", "11559.09"]
    assert Decimal(quote["discount_percent"]) == Decimal("6.4546")
    assert (quote["status"], quote["revision"], quote["quoted_on"], quote["valid_until"]) == ("draft", 1, "2026-03-02", "2026-04-01")
    assert [(t["trigger"], Decimal(t["percent"])) for t in quote["schedule"]] == [("signed", 50), ("go_live", 30), ("accepted", 20)]
    [told] = await svc.told(QuoteCreated)
    assert isinstance(told.data, QuoteCreated)
    assert (told.data.total.amount, told.data.product, told.data.team_id) == (Decimal("11559.09"), "crm", TEAM)


async def test_numbers_differ_and_versions_share_one(sales: Sales) -> None:
    deal = await sales.deal()
    first, second = await sales.quote(deal), await sales.quote(deal)
    assert first["number"] != second["number"]
    await sales.act(first, "send")
    revised = await sales.act(first, "revise", expect=201)
    assert (revised["number"], revised["revision"], revised["status"], revised["version"]) == (first["number"], 2, "draft", 1)
    found = await sales.ask("rep:ann", "GET", "/v1/quotes", number=first["number"], sort="created_at")
    assert {q["revision"] for q in found["items"]} == {1, 2}


async def test_what_cannot_be_quoted(sales: Sales) -> None:
    deal = await sales.deal()

    async def refused(status: int, **body: Any) -> dict[str, Any]:
        return await sales.ask("rep:ann", "POST", "/v1/quotes", {"deal_id": deal["id"], **body}, expect=status)

    assert (await refused(422, lines=[sales.line() | {"product_id": str(TEAM)}]))["errors"][0]["pointer"] == "/lines/0/product_id"
    await refused(422, lines=[sales.line("0")])
    await refused(422, lines=[sales.line(unit_price="1")])
    await refused(422, lines=[sales.line(discount_percent="101")])
    await refused(422, schedule=[{"trigger": "date", "percent": "100"}])
    assert (await refused(422, lines=[sales.line("99999999"), *[sales.line("99999999")] * 2000]))["code"] == "invalid"
    await sales.product("HUGE", line="x", price="99999999999999")
    assert (await refused(422, lines=[sales.line("99999999", "HUGE")]))["errors"][0]["code"] == "too_large"
    await sales.product("EURO", line="x", price="1", currency="EUR")
    assert (await refused(409, lines=[sales.line("1", "EURO")]))["code"] == "no_price"
    product = sales.products["CRM-1"]
    await sales.ask("ops", "PATCH", f"/v1/products/{product}", {"active": False}, etag="*")
    assert (await refused(409, lines=[sales.line()]))["code"] == "product_retired"


async def test_a_past_quote_takes_the_price_of_its_day(sales: Sales, svc: Running) -> None:
    price = {"unit_price": {"amount": "1200", "currency": "CNY"}, "valid_from": "2026-02-01"}
    await sales.ask("ops", "PUT", f"/v1/products/{sales.products['CRM-1']}/prices", price, etag="*")
    deal = await sales.deal("manager:max", at="2026-01-10T09:00:00Z")
    past = await sales.quote(deal, "manager:max", lines=[sales.line()], at="2026-01-20T09:00:00Z")
    assert (past["list_total"]["amount"], past["valid_until"]) == ("1000.00", "2026-02-19")
    assert (await sales.quote(deal, "manager:max", lines=[sales.line()]))["list_total"]["amount"] == "1200.00"
    await sales.act(past, "send", "manager:max", at="2026-01-21T09:00:00Z")
    accepted = await sales.agree(past, at="2026-02-19T15:00:00Z")
    assert accepted["accepted_at"] == "2026-02-19T15:00:00Z"


async def test_a_draft_is_changed_and_priced_again(sales: Sales, svc: Running) -> None:
    quote = await sales.quote(await sales.deal())
    path = f"/v1/quotes/{quote['id']}"
    await sales.ask("rep:ann", "PATCH", path, {"note": "x"}, expect=428)
    await sales.ask("rep:ann", "PATCH", path, {"note": "x"}, etag=7, expect=412)
    assert amounts(await sales.ask("rep:ann", "PATCH", path, {"total_discount_percent": "10"}, etag=1))[1] == "9000.00"
    changed = await sales.ask("rep:ann", "PATCH", path, {"lines": [sales.line("1")]}, etag=2)
    assert amounts(changed) == ["1000.00", "900.00", "117.00", "1017.00"]
    terms = [{"trigger": "signed", "percent": "60", "due_days": 10}, {"trigger": "date", "percent": "40", "due_on": "2026-09-01"}]
    paid = await sales.ask("rep:ann", "PATCH", path, {"schedule": terms, "valid_until": "2026-03-20"}, etag=3)
    assert [t["due_on"] for t in paid["schedule"]] == [None, "2026-09-01"]
    assert len(await svc.told(QuoteChanged)) == 3
    assert (await sales.ask("rep:ann", "PATCH", path, {"valid_until": "2026-03-20"}, etag=4))["version"] == 4
    await sales.act(quote, "send")
    assert codes(await sales.ask("rep:ann", "PATCH", path, {"note": "x"}, etag="*", expect=409)) == {"not_draft"}


async def test_every_guard_of_sending(sales: Sales) -> None:
    deal = await sales.deal()
    empty = await sales.quote(deal, lines=[], schedule=[{"trigger": "signed", "percent": "90"}], valid_until="2026-03-01")
    assert codes(await sales.act(empty, "send", expect=409)) == {"no_lines", "schedule_incomplete", "validity_past"}
    assert unmet(empty, "send") == {"no_lines", "schedule_incomplete", "validity_past"}
    quote = await sales.quote(deal)
    price = {"unit_price": {"amount": "1100", "currency": "CNY"}, "valid_from": "2026-03-02"}
    await sales.ask("ops", "PUT", f"/v1/products/{sales.products['CRM-1']}/prices", price, etag="*")
    refused = await sales.act(quote, "send", expect=409)
    assert codes(refused) == {"price_outdated"}
    assert "CRM-1" in refused["unmet"][0]["message"]
    await sales.ask("rep:ann", "PATCH", f"/v1/quotes/{quote['id']}", {"lines": [sales.line("10")]}, etag=1)
    sent = await sales.act(quote, "send")
    assert (sent["status"], sent["list_total"]["amount"]) == ("sent", "11000.00")


async def test_sending_the_next_version_supersedes_the_one_before(sales: Sales, svc: Running) -> None:
    first = await sales.quote(await sales.deal())
    await sales.act(first, "send")
    second = await sales.act(first, "revise", expect=201)
    assert codes(await sales.act(first, "revise", expect=409)) == {"newer_version"}
    assert codes(await sales.act(second, "revise", expect=409)) == {"not_revisable"}
    assert (await sales.ask("admin", "GET", f"/v1/quotes/{first['id']}"))["status"] == "sent"
    await sales.act(second, "send")
    assert (await sales.ask("admin", "GET", f"/v1/quotes/{first['id']}"))["status"] == "superseded"
    [told] = await svc.told(QuoteSuperseded)
    assert isinstance(told.data, QuoteSuperseded)
    assert (told.subject, told.data.by_quote_id) == (UUID(first["id"]), UUID(second["id"]))
    assert codes(await sales.agree(first, expect=409)) == {"not_sent"}
    assert (await sales.agree(second))["status"] == "accepted"
    assert len(await svc.told(QuoteSent)) == 2


async def test_an_accepted_quote_tells_all_that_a_contract_needs(sales: Sales, svc: Running) -> None:
    await sales.product("TRAIN", line="services", price="99999", tax="6")
    deal = await sales.deal()
    quote = await sales.quote(deal, lines=[sales.line("1"), sales.line("1", "TRAIN")])
    await sales.act(quote, "send")
    await sales.agree(quote)
    [told] = await svc.told(QuoteAccepted)
    data = told.data
    assert isinstance(data, QuoteAccepted)
    assert (data.account_id, data.account_name, data.deal_id) == (ACME, "Acme Ltd", UUID(deal["id"]))
    assert (data.number, data.revision, data.product, data.region, data.owner_id) == (
        *(quote["number"], 1, "services", "east", svc.person("rep", "ann")),
    )
    assert [(x.sku, x.quantity, x.net, x.tax_percent) for x in data.lines] == [("CRM-1", 1, 1000, 13), ("TRAIN", 1, 99999, 6)]
    assert sum(x.net + x.tax for x in data.lines) == data.total.amount == data.net.amount + data.tax.amount
    assert [(t.trigger, t.percent, t.due_days) for t in data.schedule] == [("signed", 50, 30), ("go_live", 30, 30), ("accepted", 20, 30)]
    after = await sales.read(deal)
    assert (after["product"], after["amount"]["amount"], after["quote_id"]) == ("services", "100999.00", quote["id"])
    [updated] = await svc.told(DealUpdated)
    assert updated.data.changed == ["amount", "product", "quote_id"]  # type: ignore[attr-defined]


async def test_a_deal_has_one_accepted_quote(sales: Sales) -> None:
    deal = await sales.deal()
    one, two = await sales.quote(deal), await sales.quote(deal)
    for quote in (one, two):
        await sales.act(quote, "send")
    await sales.agree(one)
    assert codes(await sales.agree(two, expect=409)) == {"other_accepted"}
    assert codes(await sales.act(one, "withdraw", reason="x", expect=409)) == {"not_manager"}
    await sales.act(one, "withdraw", "manager:max", reason="Terms were wrong")
    assert (await sales.agree(two))["status"] == "accepted"


async def test_rejecting_and_withdrawing(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    one, two = await sales.quote(deal), await sales.quote(deal)
    assert codes(await sales.act(one, "reject", reason="x", expect=409)) == {"quote_not_open"}
    await sales.act(one, "send")
    await sales.ask("rep:ann", "POST", f"/v1/quotes/{one['id']}/reject", {"reason": "x"}, expect=428)
    assert (await sales.act(one, "reject", reason="Too dear"))["reason"] == "Too dear"
    assert (await sales.act(two, "withdraw", reason="Wrong product"))["status"] == "withdrawn"
    assert codes(await sales.act(two, "withdraw", reason="x", expect=409)) == {"quote_not_open"}
    assert [len(await svc.told(kind)) for kind in (QuoteRejected, QuoteWithdrawn)] == [1, 1]
    revised = await sales.act(one, "revise", expect=201)
    assert revised["revision"] == 2


async def test_a_sent_quote_expires_the_day_after_its_last(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    quote, answered = await sales.quote(deal), await sales.quote(deal)
    await sales.act(quote, "send")
    await sales.act(answered, "send")
    await sales.act(answered, "reject", reason="x")
    svc.clock.advance(days=30, hours=14)  # still the last day
    assert await svc.fire_due() == 0
    svc.clock.advance(hours=2)
    assert await svc.fire_due() == 1
    assert await svc.fire_due() == 0
    assert (await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}"))["status"] == "expired"
    [told] = await svc.told(QuoteExpired)
    assert told.time.isoformat() == "2026-04-02T00:00:00+00:00"
    assert codes(await sales.agree(quote, expect=409)) == {"quote_expired"}
    late = await sales.agree(quote, at=(svc.clock() - timedelta(days=2)).isoformat())
    assert (late["status"], late["ended_at"]) == ("accepted", None)


async def test_quotes_of_a_closed_deal_rest(sales: Sales) -> None:
    deal, quote = await sales.closing()
    await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/lose", {"reason": "price"}, etag="*")
    await sales.ask("rep:ann", "POST", "/v1/quotes", {"deal_id": deal["id"]}, expect=409)
    assert (await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}"))["status"] == "accepted"
    assert allowed(await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}")) == {"revoke_links"}, "an address can always be ended"


async def test_quote_lists(sales: Sales) -> None:
    deal = await sales.deal()
    one, two = await sales.quote(deal), await sales.quote(await sales.deal(), lines=[sales.line("1")])
    await sales.act(one, "send")

    async def found(**query: str) -> list[str]:
        return [q["id"] for q in (await sales.ask("rep:ann", "GET", "/v1/quotes", sort="total", **query))["items"]]

    assert await found() == [two["id"], one["id"]]
    assert await found(deal_id=deal["id"]) == [one["id"]] == await found(status="sent")
    assert await found(**{"total[lt]": "2000"}) == [two["id"]] == await found(q=two["number"][2:])


# -- Catalogue -----------------------------------------------------------------------------------------------------------------


async def test_only_operations_keep_the_catalogue(sales: Sales) -> None:
    product = sales.products["CRM-1"]
    body = {"sku": "X", "name": "X", "line": "x", "tax_percent": "0"}
    price = {"unit_price": {"amount": "1", "currency": "CNY"}, "valid_from": "2026-05-01"}
    for who in ("rep:ann", "manager:max", "director"):
        await sales.ask(who, "POST", "/v1/products", body, expect=403)
        await sales.ask(who, "PATCH", f"/v1/products/{product}", {"name": "y"}, etag=1, expect=403)
        await sales.ask(who, "PUT", f"/v1/products/{product}/prices", price, etag=1, expect=403)
        costs = {"set_cost"} if who == "director" else set()
        assert allowed(await sales.ask(who, "GET", f"/v1/products/{product}")) == costs
    assert allowed(await sales.ask("admin", "GET", f"/v1/products/{product}")) == {"change", "set_price", "set_cost", "set_stock"}


async def test_a_sku_is_taken_once(sales: Sales) -> None:
    body = {"sku": "CRM-1", "name": "X", "line": "x", "tax_percent": "0"}
    assert (await sales.ask("ops", "POST", "/v1/products", body, expect=409))["code"] == "sku_taken"


async def test_products_change_under_if_match(sales: Sales) -> None:
    path = f"/v1/products/{sales.products['CRM-1']}"
    await sales.ask("ops", "PATCH", path, {"name": "y"}, expect=428)
    await sales.ask("ops", "PATCH", path, {"name": "y"}, etag=5, expect=412)
    # 2 since it has a price.
    assert (await sales.ask("ops", "PATCH", path, {"name": "y", "line": "suite"}, etag=2))["version"] == 3
    assert (await sales.ask("ops", "PATCH", path, {"name": "y"}, etag=3))["version"] == 3
    await sales.ask("ops", "PATCH", path, {"name": None}, etag=3, expect=422)
    assert [p["line"] for p in (await sales.ask("rep:ann", "GET", "/v1/products", q="crm", active="true"))["items"]] == ["suite"]


async def test_each_change_of_a_price_is_a_new_version_of_its_product(sales: Sales, svc: Running) -> None:
    path = f"/v1/products/{sales.products['CRM-1']}"

    def price(amount: str, start: str) -> dict[str, Any]:
        return {"unit_price": {"amount": amount, "currency": "CNY"}, "valid_from": start}

    async with svc.client("ops") as ops:
        read = await ops.get(path)
        old = read.headers["etag"]
        assert (await ops.get(path, headers={"If-None-Match": old})).status_code == 304
        put = await ops.put(f"{path}/prices", json=price("1100", "2026-06-01"), headers={"If-Match": old})
        assert (put.status_code, put.headers["etag"].partition(".")[0]) == (200, f'"{put.json()["version"]}')
        assert put.headers["etag"] != old
        late = await ops.put(f"{path}/prices", json=price("1200", "2026-07-01"), headers={"If-Match": old})
        assert (late.status_code, late.json()["current_version"]) == (412, put.json()["version"])
        shown = await ops.get(path, headers={"If-None-Match": old})
        assert (shown.status_code, len(shown.json()["prices"])) == (200, 2)
        again = await ops.put(f"{path}/prices", json=price("1100", "2026-06-01"), headers={"If-Match": put.headers["etag"]})
        assert again.headers["etag"] == put.headers["etag"], "the same price again is no change"
    told = (await svc.told(ProductChanged))[-1]
    assert isinstance(told.data, ProductChanged)
    assert (told.data.changed, told.version) == (["prices"], put.json()["version"])


async def test_the_price_book_has_one_price_a_day(sales: Sales, svc: Running) -> None:
    path = f"/v1/products/{sales.products['CRM-1']}/prices"

    def price(amount: str, start: str, end: str | None = None, currency: str = "CNY") -> dict[str, Any]:
        return {"unit_price": {"amount": amount, "currency": currency}, "valid_from": start, "valid_to": end}

    await sales.ask("ops", "PUT", path, price("1", "2026-05-01"), expect=428)
    await sales.ask("ops", "PUT", path, price("1", "2026-05-02", "2026-05-01"), etag="*", expect=422)
    await sales.ask("ops", "PUT", path, price("-1", "2026-05-02"), etag="*", expect=422)
    await sales.ask("ops", "PUT", path, price("90", "2026-05-01", currency="USD"), etag="*")
    await sales.ask("ops", "PUT", path, price("1200", "2026-05-01", "2026-05-31"), etag="*")
    assert codes(await sales.ask("ops", "PUT", path, price("1", "2026-05-31"), etag="*", expect=409)) == {"price_overlap"}
    told = len(await svc.told(PriceSet))
    await sales.ask("ops", "PUT", path, price("1200", "2026-05-01", "2026-05-31"), etag="*")
    assert len(await svc.told(PriceSet)) == told
    final = await sales.ask("ops", "PUT", path, price("1250", "2026-05-01", "2026-06-30"), etag="*")
    assert [(p["unit_price"], p["valid_from"], p["valid_to"]) for p in final["prices"]] == [
        ({"amount": "1000.00", "currency": "CNY"}, "2025-01-01", "2026-04-30"),
        ({"amount": "1250.00", "currency": "CNY"}, "2026-05-01", "2026-06-30"),
        ({"amount": "90.00", "currency": "USD"}, "2026-05-01", None),
    ]
