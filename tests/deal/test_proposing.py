"""A package is proposed for a deal: from what it says, at the prices that hold for its customer, and nothing is kept."""

from typing import Any

from shared.db.tx import Reader
from shared.events.quote import QuoteCreated
from tests.deal.sales import Sales
from tests.harness import Running
from tests.statements import counted

SUMS = ("list_total", "net", "tax", "total", "lines", "schedule")


async def sold(sales: Sales) -> None:
    """A line of three products with a list: users cost less from 50 on, and a bundle less than its parts."""
    made = {}
    for sku, family in (("CORE", "core"), ("USER", "users"), ("LAUNCH", "launch"), ("PACK", "suite")):
        body = {"sku": sku, "name": sku, "line": "Orders", "family": family, "tax_class": "standard"}
        made[sku] = (await sales.ask("ops", "POST", "/v1/products", body, expect=201))["id"]
    sales.products |= made
    parts = [{"product_id": made["CORE"], "unit_price": "60000"}, {"product_id": made["USER"], "quantity": "20", "unit_price": "900"}]
    entries = [
        {"product_id": made["CORE"], "unit_price": "60000"},
        {"product_id": made["USER"], "unit_price": "900", "tiers": [{"from_quantity": "50", "unit_price": "720"}]},
        {"product_id": made["LAUNCH"], "unit_price": "10000"},
        {"product_id": made["PACK"], "unit_price": "66000", "floor": "65000", "parts": parts},
    ]
    await listed(sales, "Ours", entries=entries)


async def listed(sales: Sales, name: str, **over: Any) -> None:
    body = {"name": name, "currency": "CNY", "valid_from": "2026-01-01"} | over
    drafted = await sales.ask("ops", "POST", "/v1/price-lists", body, expect=201)
    await sales.ask("ops", "POST", f"/v1/price-lists/{drafted['id']}/activate", {}, etag="*")


async def propose(sales: Sales, deal: dict[str, Any], who: str = "rep:ann", *, expect: int = 200, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await sales.ask(who, "POST", "/v1/quotes/propose", {"deal_id": deal["id"], **body}, expect=expect)
    return answer


def found(sales: Sales, answer: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    names = {id: sku for sku, id in sales.products.items()}
    return {names[line["product_id"]]: (line["quantity"], line["optional"]) for line in answer["draft"]["lines"]}


async def test_what_is_proposed_can_be_quoted_as_it_is_and_nothing_is_kept(sales: Sales, svc: Running) -> None:
    await sold(sales)
    deal = await sales.deal(product="Orders")
    told = await propose(sales, deal, needs=["Migration of the old orders", "30 users"])
    assert found(sales, told) == {"PACK": ("1", False), "USER": ("10", False), "LAUNCH": ("1", False)}
    assert (told["product_line"], told["users"], told["budget"]) == ("Orders", 30, None)
    assert {why["line"] for why in told["reasons"]} == {0, 1, 2}
    assert not await svc.told(QuoteCreated)
    quote = await sales.ask("rep:ann", "POST", "/v1/quotes", told["draft"], expect=201)
    assert {name: told["priced"][name] for name in SUMS} == {name: quote[name] for name in SUMS}
    assert quote["net"]["amount"] == "85000.00"


async def test_the_needs_are_those_of_the_deal_where_nobody_says_others(sales: Sales) -> None:
    await sold(sales)
    deal = await sales.deal()
    path = f"/v1/deals/{deal['id']}"
    await sales.ask("rep:ann", "POST", f"{path}/spin", {"part": "situation", "text": "120 people work on Orders"}, expect=201)
    await sales.ask("rep:ann", "POST", f"{path}/needs-confirmation", {"needs": "Training for all of them"}, etag="*")
    told = await propose(sales, deal)
    assert (told["product_line"], told["users"]) == ("Orders", 120)
    assert found(sales, told)["LAUNCH"] == ("1", False)
    others = await propose(sales, deal, needs=["nothing"], line="orders", users=5)
    assert found(sales, others)["USER"] == ("5", False)
    assert found(sales, others)["LAUNCH"] == ("1", True)


async def test_prices_are_those_of_the_channel(sales: Sales) -> None:
    await sold(sales)
    dear = [{"product_id": sales.products[sku], "unit_price": "90000"} for sku in ("CORE", "PACK")]
    await listed(sales, "Partners", channel="partner", entries=dear)
    deal = await sales.deal(product="Orders")
    told = await propose(sales, deal, channel="partner", users=20)
    assert told["draft"]["channel"] == "partner"
    assert told["priced"]["net"]["amount"] == "108000.00"
    assert (await propose(sales, deal, users=20))["priced"]["net"]["amount"] == "66000.00"


async def test_a_package_in_another_currency_has_its_prices_and_a_rate(sales: Sales) -> None:
    await sold(sales)
    put = {"unit_price": {"amount": "8500", "currency": "USD"}, "valid_from": "2026-01-01"}
    await sales.ask("ops", "PUT", f"/v1/products/{sales.products['CORE']}/prices", put, etag="*")
    deal = await sales.deal(product="Orders")
    told = await propose(sales, deal, currency="USD", budget="9000")
    assert (told["budget"]["currency"], found(sales, told)) == ("USD", {"CORE": ("1", False)})
    quote = await sales.ask("rep:ann", "POST", "/v1/quotes", told["draft"], expect=201)
    assert quote["net"] == {"amount": "8500.00", "currency": "USD"} == told["priced"]["net"]
    assert (await propose(sales, deal, currency="EUR", expect=409))["code"] == "nothing_priced"
    refused = await propose(sales, deal, currency="CHF", expect=422)
    assert [(error["pointer"], error["code"]) for error in refused["errors"]] == [("/currency", "no_fx_rate")]


async def test_the_budget_is_what_is_said_of_it_and_the_policy_says_how_much_of_it_counts(sales: Sales) -> None:
    await sold(sales)
    deal = await sales.deal(product="Orders")
    told = await propose(sales, deal, needs=["migration"], users=20, budget="70000")
    assert found(sales, told) == {"PACK": ("1", False), "LAUNCH": ("1", True)}
    assert told["budget"] == {"amount": "70000.00", "currency": "CNY"}
    refused = await propose(sales, deal, users=20, budget="65999.99", expect=409)
    assert refused["code"] == "nothing_fits_budget"
    assert "66000.00 CNY" in refused["detail"]


async def test_what_cannot_be_proposed_says_why(sales: Sales) -> None:
    await sold(sales)
    deal = await sales.deal()
    assert (await propose(sales, deal, expect=409))["code"] == "no_product_line"
    assert (await propose(sales, deal, line="Tea", expect=409))["code"] == "no_such_line"
    abroad = await sales.deal(amount={"amount": "1", "currency": "USD"}, product="Orders")
    assert (await propose(sales, abroad, expect=409))["code"] == "nothing_priced"
    unknown = await propose(sales, deal, users=0, expect=422)
    assert [error["pointer"] for error in unknown["errors"]] == ["/users"]


async def test_who_may_not_quote_or_see_the_deal_is_proposed_nothing(sales: Sales) -> None:
    await sold(sales)
    deal = await sales.deal(product="Orders")
    await propose(sales, deal, "finance", expect=403)
    await propose(sales, deal, "manager:zoe", expect=404)


async def test_floors_and_costs_are_in_no_proposal(sales: Sales) -> None:
    await sold(sales)
    told = await propose(sales, await sales.deal(product="Orders"), users=20)
    assert "floor" not in str(told)
    assert "65000" not in str(told)


async def test_a_line_of_many_products_needs_no_more_statements(sales: Sales) -> None:
    await sold(sales)
    deal = await sales.deal(product="Orders")
    with counted(Reader) as few:
        await propose(sales, deal, users=20)
    for n in range(20):
        await sales.product(f"P{n}", line="Orders", price="10")
    with counted(Reader) as many:
        await propose(sales, deal, users=20)
    assert 0 < len(many) == len(few)
