"""What a quote is made of, through the API: periods, amounts off, optional lines, payments by amount, delivery, buyer and seller."""

from decimal import Decimal
from typing import Any

from shared.events.quote import QuoteAccepted
from tests.client import codes
from tests.deal.sales import Sales
from tests.deal.test_policy import activated
from tests.harness import Running


def sums(quote: dict[str, Any]) -> list[str]:
    return [quote[name]["amount"] for name in ("list_total", "net", "tax", "total")]


def due(quote: dict[str, Any]) -> list[str | None]:
    return [term["due"] and term["due"]["amount"] for term in quote["schedule"]]


async def test_a_line_is_paid_per_unit_and_period_less_an_amount(sales: Sales) -> None:
    lines = [sales.line("2", periods="12", discount_amount="1000.01")]
    quote = await sales.quote(await sales.deal(), lines=lines, total_discount_amount="999.99")
    [line] = quote["lines"]
    assert (line["periods"], line["discount_amount"], line["discount_percent"]) == ("12", "1000.01", "4.1668")
    assert sums(quote) == ["24000.00", "22000.00", "2860.00", "24860.00"]
    percent = await sales.ask("rep:ann", "PATCH", f"/v1/quotes/{quote['id']}", {"total_discount_percent": "10"}, etag=1)
    assert (percent["total_discount_amount"], percent["net"]["amount"]) == (None, "20699.99")


async def test_a_discount_that_cannot_be_is_refused_where_it_is(sales: Sales) -> None:
    deal = await sales.deal()
    for given, pointer, code in (
        ({"lines": [sales.line(discount_amount="1000.01")]}, "/lines/0/discount_amount", "too_large"),
        ({"lines": [sales.line(discount_amount="0.001")]}, "/lines/0/discount_amount", "too_fine"),
        ({"lines": [sales.line()], "total_discount_amount": "1000.01"}, "/total_discount_amount", "too_large"),
        ({"lines": [sales.line()], "total_discount_amount": "1", "total_discount_percent": "1"}, "/total_discount_amount", "two_discounts"),
        ({"lines": [sales.line(discount_amount="1", discount_percent="1")]}, "/lines/0", "value_error"),
        ({"schedule": [{"trigger": "signed", "percent": "1", "amount": "1"}]}, "/schedule/0", "value_error"),
        ({"schedule": [{"trigger": "signed", "percent": "1"}, {"trigger": "signed"}]}, "/schedule", "value_error"),
    ):
        refused = await sales.ask("rep:ann", "POST", "/v1/quotes", {"deal_id": deal["id"], **given}, expect=422)
        assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [(pointer, code)]


async def test_an_optional_line_is_shown_and_counts_when_it_is_chosen(sales: Sales, svc: Running) -> None:
    await sales.product("TRAIN", line="services", price="300", tax="6")
    quote = await sales.quote(
        await sales.deal(), lines=[sales.line(), sales.line("1", "TRAIN", optional=True)], total_discount_percent="10"
    )
    assert sums(quote) == ["1000.00", "900.00", "117.00", "1017.00"]
    assert [(x["optional"], x["net"]) for x in quote["lines"]] == [(False, "900.00"), (True, "300.00")]
    only = await sales.quote(await sales.deal(), lines=[sales.line("1", "TRAIN", optional=True)])
    assert codes(await sales.act(only, "send", expect=409)) == {"no_lines"}
    chosen = [sales.line(), sales.line("1", "TRAIN", optional=True, chosen=True)]
    counted = await sales.ask("rep:ann", "PATCH", f"/v1/quotes/{quote['id']}", {"lines": chosen}, etag=1)
    assert sums(counted) == ["1300.00", "1170.00", "133.20", "1303.20"]


async def test_the_contract_hears_of_the_lines_that_count_and_of_amounts(sales: Sales, svc: Running) -> None:
    """By amount, then equally: 10 % tax-free thirds of 1130 - 130 are 333.34, 333.33 and 333.33."""
    deposit: dict[str, Any] = {"trigger": "signed", "amount": "130"}
    rest = [{"trigger": "date", "due_on": f"2026-0{month}-01"} for month in (4, 5, 6)]
    lines = [sales.line(), sales.line("5", optional=True)]
    _, quote = await sales.closing(lines=lines, schedule=[deposit, *rest])
    assert due(quote) == ["130.00", "333.34", "333.33", "333.33"]
    [told] = [e.data for e in await svc.told(QuoteAccepted)]
    assert isinstance(told, QuoteAccepted)
    assert [x.quantity for x in told.lines] == [Decimal(1)]
    assert (told.list_total.amount, told.net.amount) == (1000, 1000), "what was not chosen is in neither sum of the discount depth"
    assert [term.amount for term in told.schedule] == [Decimal(x) for x in ("130.00", "333.34", "333.33", "333.33")]
    assert [term.percent for term in told.schedule] == [Decimal(x) for x in ("11.5044", "29.4991", "29.4982", "29.4982")]


async def test_a_schedule_by_amount_must_be_the_total_when_the_quote_is_sent(sales: Sales) -> None:
    quote = await sales.quote(await sales.deal(), lines=[sales.line()], schedule=[{"trigger": "signed", "amount": "1129.99"}])
    assert due(quote) == [None]
    assert codes(await sales.act(quote, "send", expect=409)) == {"schedule_incomplete"}
    fixed = await sales.ask(
        "rep:ann", "PATCH", f"/v1/quotes/{quote['id']}", {"schedule": [{"trigger": "signed", "amount": "1130"}]}, etag=1
    )
    assert due(fixed) == ["1130.00"]
    await sales.act(quote, "send")


async def test_delivery_is_not_promised_before_the_longest_lead_time(sales: Sales) -> None:
    """It is 2 March: ten calendar days later is the 12th."""
    await sales.ask("ops", "PATCH", f"/v1/products/{sales.products['CRM-1']}", {"lead_days": 10}, etag="*")
    quote = await sales.quote(await sales.deal(), delivery_on="2026-03-11")
    refused = await sales.act(quote, "send", expect=409)
    assert codes(refused) == {"delivery_too_early"}
    assert "2026-03-12" in refused["unmet"][0]["message"]
    await sales.ask("rep:ann", "PATCH", f"/v1/quotes/{quote['id']}", {"delivery_on": "2026-03-12"}, etag=1)
    await sales.act(quote, "send")


async def test_the_policy_says_where_tax_is_rounded_and_a_quote_keeps_it(sales: Sales) -> None:
    """Three lines of 0.03 with 13 %: rounded by line nothing is due, on the total of 0.09 one cent."""
    await sales.product("MAIL", line="crm", price="0.03")
    lines = [sales.line("1", "MAIL") for _ in range(3)]
    by_line = await sales.quote(await sales.deal(), lines=lines)
    await activated(sales, tax_rounding="total")
    on_total = await sales.quote(await sales.deal(), lines=lines)
    assert [(q["tax_rounding"], q["tax"]["amount"]) for q in (by_line, on_total)] == [("line", "0.00"), ("total", "0.01")]
    assert sorted(x["tax"] for x in on_total["lines"]) == ["0.00", "0.00", "0.01"]
    same = await sales.ask("rep:ann", "PATCH", f"/v1/quotes/{by_line['id']}", {"lines": lines}, etag="*")
    assert same["tax"]["amount"] == "0.00"


async def test_buyer_and_seller_are_entered_and_masked(sales: Sales) -> None:
    buyer = {"name": "Acme (Shanghai) Ltd", "address": "1 Bund", "tax_number": "9131", "bank": None}
    quote = await sales.quote(await sales.deal(), buyer=buyer, seller={"name": "We Ltd"})
    assert (quote["buyer"], quote["seller"]["name"]) == (buyer, "We Ltd")
    masked = await sales.ask("auditor", "GET", f"/v1/quotes/{quote['id']}")
    assert (masked["buyer"], masked["seller"]) == (None, None)
    changed = await sales.ask("rep:ann", "PATCH", f"/v1/quotes/{quote['id']}", {"seller": None}, etag=1)
    assert (changed["buyer"], changed["seller"]) == (buyer, None)
