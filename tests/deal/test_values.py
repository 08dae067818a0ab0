"""What deal-svc takes as amounts, percents, times and names, how it shows them, and refusals that pass by themselves."""

from typing import Any
from uuid import uuid4

import pytest

from shared.events.party import AccountCreated
from tests.deal.sales import ACME, Sales
from tests.harness import Running


async def test_an_account_that_is_known_a_moment_later_is_not_refused_for_a_day(sales: Sales, svc: Running) -> None:
    new = uuid4()
    body = {"name": "Early", "account_id": str(new), "amount": {"amount": "1", "currency": "CNY"}}
    headers = {"Idempotency-Key": "early"}
    async with svc.client("rep", "ann") as ann:
        refused = await ann.post("/v1/deals", json=body, headers=headers)
        assert (refused.status_code, refused.json()["errors"][0]["code"], refused.headers["retry-after"]) == (422, "unknown_account", "1")
        await svc.hear(AccountCreated(name="Early Ltd", owner_id=svc.person("rep", "ann")), new)
        assert (await ann.post("/v1/deals", json=body, headers=headers)).status_code == 201


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"amount": {"amount": "1.005", "currency": "CNY"}}, "/amount/amount", "too_fine"),
        ({"amount": {"amount": "100.5", "currency": "JPY"}}, "/amount/amount", "too_fine"),
        ({"amount": {"amount": "1_000", "currency": "CNY"}}, "/amount/amount", "decimal_format"),
        ({"amount": {"amount": "1", "currency": "CNY", "x": 1}}, "/amount/x", "extra_forbidden"),
        ({"amount": {"amount": "-1", "currency": "CNY"}}, "/amount", "value_error"),
        ({"expected_close_on": "1735689600"}, "/expected_close_on", "day_format"),
        ({"at": "20250101"}, "/at", "time_format"),
        ({"name": "\u200b"}, "/name", "blank"),
        ({"name": "Acme\u202eCRM"}, "/name", "unseen_character"),
    ],
)
async def test_what_is_no_value_is_refused_where_it_is(sales: Sales, given: dict[str, Any], pointer: str, code: str) -> None:
    body = {"name": "x", "account_id": str(ACME), "amount": {"amount": "1", "currency": "CNY"}} | given
    refused = await sales.ask("rep:ann", "POST", "/v1/deals", body, expect=422)
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [(pointer, code)]


async def test_a_price_may_be_finer_than_money(sales: Sales) -> None:
    """Three of 0.335 are 1.005, which nobody can pay: the line is rounded, the price is not."""
    await sales.product("MAIL", line="crm", price="0.335")
    [line] = (await sales.quote(await sales.deal(), lines=[sales.line("3", "MAIL")]))["lines"]
    assert (line["unit_price"], line["net"]) == ("0.335", "1.01")
    body = {"unit_price": {"amount": "0.00001", "currency": "CNY"}, "valid_from": "2026-01-01"}
    refused = await sales.ask("ops", "PUT", f"/v1/products/{sales.products['MAIL']}/prices", body, expect=422, etag="*")
    assert refused["errors"][0]["pointer"] == "/unit_price/amount"


async def test_minus_nothing_is_nothing(sales: Sales) -> None:
    deal = await sales.deal(amount={"amount": "-0", "currency": "CNY"})
    assert deal["amount"]["amount"] == "0.00" == (await sales.read(deal))["amount"]["amount"]


async def test_one_value_has_one_form(sales: Sales) -> None:
    made = await sales.ask("ops", "POST", "/v1/products", {"sku": "S", "name": "S", "line": "crm", "tax_percent": "13.0"}, expect=201)
    read = await sales.ask("ops", "GET", f"/v1/products/{made['id']}")
    assert made["tax_percent"] == read["tax_percent"] == "13"
    line = {"product_id": sales.products["CRM-1"], "quantity": "3.00", "discount_percent": "5.0"}
    schedule = [{"trigger": "signed", "percent": "100.0000"}]
    body = {"deal_id": (await sales.deal())["id"], "lines": [line], "schedule": schedule}
    quote = await sales.ask("rep:ann", "POST", "/v1/quotes", body, expect=201)
    assert quote["schedule"][0]["percent"] == "100"
    [shown] = quote["lines"]
    assert (shown["quantity"], shown["discount_percent"], shown["tax_percent"]) == ("3", "5", "13")
    assert (shown["unit_price"], shown["net"], shown["tax"]) == ("1000.00", "2850.00", "370.50")
    assert (await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}"))["lines"] == quote["lines"]
