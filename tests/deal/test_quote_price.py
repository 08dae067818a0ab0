"""A draft is priced without being stored."""

from typing import Any

from shared.db.tx import Reader
from shared.events.quote import QuoteCreated
from tests.deal.sales import Sales
from tests.harness import Running
from tests.statements import counted

SUMS = ("list_total", "net", "tax", "total", "discount_percent", "tax_rounding", "lines", "schedule")


async def price(sales: Sales, who: str = "rep:ann", *, expect: int = 200, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await sales.ask(who, "POST", "/v1/quotes/price", body, expect=expect)
    return answer


async def test_a_price_is_that_of_the_quote_and_nothing_is_kept(sales: Sales, svc: Running) -> None:
    await sales.product("TRAIN", line="services", price="333.33", tax="6")
    deal = await sales.deal()
    body: dict[str, Any] = {
        "deal_id": deal["id"],
        "lines": [sales.line("10", discount_percent="5"), sales.line("3", "TRAIN"), sales.line("1", optional=True)],
        "total_discount_amount": "210",
        "schedule": [{"trigger": "signed", "amount": "1000"}, {"trigger": "go_live"}, {"trigger": "accepted"}],
    }
    told = await price(sales, **body)
    assert not await svc.told(QuoteCreated)
    assert not (await sales.ask("admin", "GET", "/v1/quotes"))["items"]
    quote = await sales.ask("rep:ann", "POST", "/v1/quotes", body, expect=201)
    assert {name: told[name] for name in SUMS} == {name: quote[name] for name in SUMS}
    assert told["priced_on"] == quote["quoted_on"]


async def test_a_price_says_nothing_of_floor_and_cost(sales: Sales) -> None:
    """Who could ask for one price after the other would find the floor by halving."""
    path = f"/v1/products/{sales.products['CRM-1']}"
    given = {"unit_price": {"amount": "1000", "currency": "CNY"}, "valid_from": "2026-01-01", "floor": "800"}
    await sales.ask("ops", "PUT", f"{path}/prices", given, etag="*")
    below, above = [await price(sales, currency="CNY", lines=[sales.line(discount_percent=off)]) for off in ("21", "1")]
    assert (below.keys(), below["lines"][0].keys()) == (above.keys(), above["lines"][0].keys())
    assert not [name for name in (*below, *below["lines"][0]) if "floor" in name or "cost" in name or "margin" in name]


async def test_who_prices_names_a_deal_that_they_see_or_a_currency_or_takes_the_reporting_currency(sales: Sales) -> None:
    deal = await sales.deal()
    lines = [sales.line()]
    assert (await price(sales, currency="CNY", lines=lines))["total"] == {"amount": "1130.00", "currency": "CNY"}
    assert (await price(sales, lines=lines))["total"] == {"amount": "1130.00", "currency": "CNY"}
    refused = await price(sales, lines=lines, expect=422, deal_id=deal["id"], currency="CHF")
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [("/currency", "no_fx_rate")]
    await price(sales, "manager:zoe", lines=lines, deal_id=deal["id"], expect=404)
    await price(sales, "finance", lines=lines, currency="CNY", expect=403)


async def test_fifty_lines_need_no_more_statements_than_one(sales: Sales) -> None:
    for n in range(50):
        await sales.product(f"P{n}", line="crm", price="10")
    one, fifty = [[sales.line("1", f"P{n}") for n in range(most)] for most in (1, 50)]
    counts = []
    for lines in (one, fifty):
        with counted(Reader) as run:
            await price(sales, currency="CNY", lines=lines)
        counts.append(len(run))
    assert counts[0] == counts[1]
