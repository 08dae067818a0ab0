"""What a product says of itself: its tax class, cost, stock and lead time, and the floor of its price."""

from decimal import Decimal
from typing import Any

from shared.events.catalog import PriceSet, ProductChanged
from shared.events.team import PersonAdded
from tests.client import codes
from tests.deal.sales import Sales
from tests.deal.test_policy import activated
from tests.harness import Running

MADE = {"sku": "SEAT", "name": "Seat", "line": "crm"}


async def product(sales: Sales, **over: Any) -> dict[str, Any]:
    made: dict[str, Any] = await sales.ask("ops", "POST", "/v1/products", {**MADE, "tax_class": "standard"} | over, expect=201)
    return made


async def test_a_product_says_what_it_is(sales: Sales) -> None:
    made = await product(sales, unit="user", family="Suite", lead_days=10)
    assert {n: made[n] for n in ("unit", "family", "lead_days", "tax_class", "tax_percent", "stock", "cost")} == {
        "unit": "user", "family": "Suite", "lead_days": 10, "tax_class": "standard", "tax_percent": "13", "stock": None, "cost": None,
    }  # fmt: skip
    found = await sales.ask("rep:ann", "GET", "/v1/products", family="Suite", tax_class="standard")
    assert [one["sku"] for one in found["items"]] == ["SEAT"]


async def test_a_product_names_a_tax_class_or_a_percent_of_its_own(sales: Sales) -> None:
    for given, code in (
        ({}, "tax_class_or_percent"),
        ({"tax_class": "standard", "tax_percent": "13"}, "tax_class_or_percent"),
        ({"tax_class": "luxury"}, "unknown_tax_class"),
    ):
        refused = await sales.ask("ops", "POST", "/v1/products", MADE | given, expect=422)
        assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [("/tax_class", code)]
    own = await sales.ask("ops", "POST", "/v1/products", MADE | {"tax_percent": "19"}, expect=201)
    assert (own["tax_class"], own["tax_percent"]) == (None, "19")
    path = f"/v1/products/{own['id']}"
    classed = await sales.ask("ops", "PATCH", path, {"tax_class": "services"}, etag="*")
    assert (classed["tax_class"], classed["tax_percent"]) == ("services", "6")
    left = await sales.ask("ops", "PATCH", path, {"tax_class": None}, etag="*")
    assert (left["tax_class"], left["tax_percent"]) == (None, "6"), "it keeps the percent that it has"
    renamed = await sales.ask("ops", "PATCH", path, {"name": "Place"}, etag="*")
    assert (renamed["tax_class"], renamed["tax_percent"]) == (None, "6")


async def test_the_policy_says_the_percent_of_a_class(sales: Sales) -> None:
    made = await product(sales)
    price = {"unit_price": {"amount": "100", "currency": "CNY"}, "valid_from": "2026-01-01"}
    await sales.ask("ops", "PUT", f"/v1/products/{made['id']}/prices", price, etag="*")
    line = {"product_id": made["id"], "quantity": "1"}
    before = await sales.quote(await sales.deal(), lines=[line])
    await activated(sales, tax_classes=[{"code": "standard", "percent": "15", "label": "Goods", "label_zh": "货物"}])
    assert (await sales.ask("rep:ann", "GET", f"/v1/products/{made['id']}"))["tax_percent"] == "15"
    after = await sales.quote(await sales.deal(), lines=[line])
    assert (before["tax"]["amount"], after["tax"]["amount"]) == ("13.00", "15.00")
    assert (await sales.ask("rep:ann", "GET", f"/v1/quotes/{before['id']}"))["tax"]["amount"] == "13.00", "a quote keeps its tax"
    await activated(sales, tax_classes=[{"code": "other", "percent": "1", "label": "Other", "label_zh": "其他"}])
    assert (await sales.ask("rep:ann", "GET", f"/v1/products/{made['id']}"))["tax_percent"] == "13", "what was said of it last"


async def test_only_finance_and_directors_see_what_a_product_costs(sales: Sales, svc: Running) -> None:
    made = await product(sales)
    path = f"/v1/products/{made['id']}"
    cost = {"cost": {"amount": "412.34", "currency": "CNY"}}
    for who in ("ops", "rep:ann", "manager"):
        await sales.ask(who, "PUT", f"{path}/cost", cost, etag="*", expect=403)
    set_ = await sales.ask("finance", "PUT", f"{path}/cost", cost, etag=made["version"])
    assert set_["cost"] == {"amount": "412.34", "currency": "CNY"}
    assert set_["version"] == made["version"] + 1
    assert (await sales.ask("finance", "PUT", f"{path}/cost", cost, etag="*"))["version"] == set_["version"], "the same again"
    for who, seen in (("finance", True), ("director", True), ("admin", True), ("ops", False), ("rep:ann", False), ("manager", False)):
        shown = await sales.ask(who, "GET", path)
        [listed] = (await sales.ask(who, "GET", "/v1/products", sku="SEAT"))["items"]
        assert (shown["cost"] is not None, listed["cost"] is not None) == (seen, seen), who
    told = (await svc.told(ProductChanged))[-1].data
    assert isinstance(told, ProductChanged)
    assert told.changed == ["cost"]
    assert "412.34" not in told.model_dump_json()
    assert (await sales.ask("finance", "PUT", f"{path}/cost", {"cost": None}, etag="*"))["cost"] is None


async def test_the_stock_is_set_by_operations(sales: Sales, svc: Running) -> None:
    made = await product(sales)
    path = f"/v1/products/{made['id']}"
    await sales.ask("rep:ann", "PUT", f"{path}/stock", {"stock": "12"}, etag="*", expect=403)
    assert (await sales.ask("ops", "PUT", f"{path}/stock", {"stock": "12.50"}, etag="*"))["stock"] == "12.5"
    assert (await sales.ask("rep:ann", "GET", path))["stock"] == "12.5"
    refused = await sales.ask("ops", "PUT", f"{path}/stock", {"stock": "-1"}, etag="*", expect=422)
    assert refused["errors"][0]["pointer"] == "/stock"
    told = (await svc.told(ProductChanged))[-1].data
    assert isinstance(told, ProductChanged)
    assert (told.changed, told.stock) == (["stock"], Decimal("12.5"))


async def test_a_floor_is_seen_by_who_sets_prices_and_decides_about_them(sales: Sales, svc: Running) -> None:
    made = await product(sales)
    path = f"/v1/products/{made['id']}"
    price = {"unit_price": {"amount": "100.1234", "currency": "CNY"}, "valid_from": "2026-01-01"}
    above = await sales.ask("ops", "PUT", f"{path}/prices", price | {"floor": "100.2"}, etag="*", expect=422)
    assert above["errors"][0]["code"] == "above_price"
    await sales.ask("ops", "PUT", f"{path}/prices", price | {"floor": "87.6543"}, etag="*")
    for who, seen in (("ops", True), ("finance", True), ("director", True), ("manager", False), ("rep:ann", False)):
        [shown] = (await sales.ask(who, "GET", path))["prices"]
        assert shown["floor"] == ({"amount": "87.6543", "currency": "CNY"} if seen else None), who
    assert "87.65" not in (await svc.told(PriceSet))[-1].data.model_dump_json()


async def test_a_quote_has_terms(sales: Sales) -> None:
    quote = await sales.quote(await sales.deal(), terms="2026-A", special_terms="Free return within 90 days")
    assert (quote["terms"], quote["special_terms"]) == ("2026-A", "Free return within 90 days")
    await sales.svc.hear(PersonAdded(role="legal", team_id=None, team_path=[]), sales.svc.person("legal", "lea"))
    await sales.decide(await sales.act(quote, "submit"), "legal", "legal:lea")
    await sales.act(quote, "send")
    revised = await sales.act(quote, "revise", expect=201)
    assert (revised["terms"], revised["special_terms"]) == ("2026-A", "Free return within 90 days")
    kept = await sales.ask("rep:ann", "PATCH", f"/v1/quotes/{revised['id']}", {"special_terms": None}, etag="*")
    assert (kept["terms"], kept["special_terms"]) == ("2026-A", None)
    assert "not_draft" in codes(await sales.ask("rep:ann", "PATCH", f"/v1/quotes/{quote['id']}", {"terms": "B"}, etag="*", expect=409))
