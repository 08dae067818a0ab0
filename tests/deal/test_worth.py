"""What a deal is worth: what the customer accepted, and then what was signed, without tax."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from shared.events.deal import DealUpdated, DealWon
from shared.events.envelope import Money
from tests.deal.sales import Sales
from tests.deal.test_checks import broken
from tests.deal.test_reactions import contract, signed
from tests.harness import Running


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def taxed(deal: dict[str, Any], quote: dict[str, Any] | None = None) -> dict[str, Any]:
    """A contract about 10000 euros and 1300 of tax."""
    return contract(deal, quote) | {"total": euros("11300"), "net": euros("10000"), "tax": euros("1300"), "fx": Decimal("7.5")}


async def amount_of(sales: Sales, deal: dict[str, Any]) -> dict[str, str]:
    return dict((await sales.read(deal))["amount"])


async def won(svc: Running) -> DealWon:
    [told] = await svc.told(DealWon)
    assert isinstance(told.data, DealWon)
    return told.data


async def test_a_won_deal_is_worth_what_was_signed_without_tax_in_the_contracts_currency(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await svc.hear(signed(svc, taxed(deal)), uuid4())
    told = await won(svc)
    assert (told.amount, told.tax, told.fx) == (euros("10000"), euros("1300"), Decimal("7.5"))
    assert await amount_of(sales, deal) == {"amount": "10000.00", "currency": "EUR"}


async def test_a_contract_of_an_earlier_release_wins_with_the_net_of_its_quote(sales: Sales, svc: Running) -> None:
    """It says its total only."""
    deal, quote = await sales.closing()
    await sales.act(quote, "withdraw", "manager:max", reason="To change the amount")
    other = {"amount": {"amount": "99", "currency": "CNY"}}
    await sales.ask("rep:ann", "PATCH", f"/v1/deals/{deal['id']}", other, etag="*")
    await svc.hear(signed(svc, contract(deal, quote)), uuid4())
    told = await won(svc)
    assert told.tax is not None
    assert (told.amount.amount, told.tax.amount) == (Decimal(10000), Decimal(1300))
    assert await amount_of(sales, deal) == {"amount": "10000.00", "currency": "CNY"}


async def test_where_neither_contract_nor_quote_say_it_the_deal_keeps_its_amount(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await svc.hear(signed(svc, contract(deal)), uuid4())
    told = await won(svc)
    assert (told.amount.amount, told.tax) == (Decimal(50000), None)


async def test_a_win_by_hand_is_worth_what_is_signed_later(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    await sales.ask("director", "POST", f"/v1/deals/{deal['id']}/win", {"evidence": "Order"}, etag="*")
    contract_id = uuid4()
    for _ in range(2):
        await svc.hear(signed(svc, taxed(deal)), contract_id)
    [told] = await svc.told(DealUpdated)
    assert isinstance(told.data, DealUpdated)
    assert (told.data.amount, {"amount", "currency", "fx", "contract_id"} <= set(told.data.changed)) == (euros("10000"), True)
    assert await amount_of(sales, deal) == {"amount": "10000.00", "currency": "EUR"}


async def test_nobody_changes_the_amount_that_the_customer_accepted(sales: Sales) -> None:
    deal, quote = await sales.closing()
    path = f"/v1/deals/{deal['id']}"
    for other in ({"amount": "9000", "currency": "CNY"}, {"amount": "10000", "currency": "EUR"}):
        for who in ("rep:ann", "manager:max", "director"):
            refused = await sales.ask(who, "PATCH", path, {"name": "Other", "amount": other}, etag="*", expect=409)
            assert [u["code"] for u in refused["unmet"]] == ["amount_agreed"]
    same = await sales.ask("rep:ann", "PATCH", path, {"name": "Renamed", "amount": {"amount": "10000", "currency": "CNY"}}, etag="*")
    assert (same["name"], same["amount"]["amount"]) == ("Renamed", "10000.00")

    await sales.act(quote, "withdraw", "manager:max", reason="Terms were wrong")
    changed = await sales.ask("rep:ann", "PATCH", path, {"amount": {"amount": "9000", "currency": "CNY"}}, etag="*")
    assert changed["amount"]["amount"] == "9000.00", "without an accepted quote it is an estimate again"


async def test_verify_finds_a_won_deal_that_is_worth_something_else_than_its_quote(sales: Sales, svc: Running) -> None:
    deal, quote = await sales.closing()
    of = contract(deal, quote) | {"net": Money(amount=Decimal(10000), currency="CNY"), "tax": Money(amount=Decimal(1300), currency="CNY")}
    await svc.hear(signed(svc, of), uuid4())
    assert await broken(svc) == []
    async with svc.transaction() as tx:
        await tx.execute("UPDATE deal SET amount = 11300")
    assert await broken(svc) == ["a deal that its contract won is worth what its accepted quote says, without tax"]
