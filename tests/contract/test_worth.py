"""What of a contract is net and what is tax."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.events.contract import ContractDrafted, ContractEvent, ContractSigned, ContractSubmitted
from shared.events.envelope import Money
from shared.events.quote import QuoteAccepted
from tests.contract.office import Office, quote
from tests.harness import Running


def taxed(owner: UUID, net: str = "100000.01", tax: str = "13000.00") -> QuoteAccepted:
    """An accepted quote of two lines: one with all of the tax, and a cent without."""
    plain = quote(owner, str(Decimal(net) + Decimal(tax)))
    (line,) = plain.lines
    lines = [
        line.model_copy(update={"net": Decimal(net) - Decimal("0.01"), "tax": Decimal(tax)}),
        line.model_copy(update={"net": Decimal("0.01"), "tax": Decimal(0)}),
    ]
    worth = {"net": Money(amount=Decimal(net), currency="CNY"), "tax": Money(amount=Decimal(tax), currency="CNY")}
    return plain.model_copy(update={**worth, "lines": lines})


def told(event: Any) -> tuple[Decimal, Decimal, Decimal]:
    assert isinstance(event, ContractEvent)
    assert event.net is not None
    assert event.tax is not None
    return event.net.amount, event.tax.amount, event.total.amount


async def test_a_contract_and_all_that_is_told_of_it_say_what_is_net_and_what_is_tax(office: Office, svc: Running) -> None:
    accepted = taxed(svc.person("rep", "ann"))
    contract = await office.signed(total="113000.01", net=accepted.net, tax=accepted.tax, lines=accepted.lines)
    assert [contract[n]["amount"] for n in ("net", "tax", "total")] == ["100000.01", "13000.00", "113000.01"]
    listed = (await office.ask("admin", "GET", "/v1/contracts"))["items"]
    assert [(c["net"], c["tax"]) for c in listed] == [(contract["net"], contract["tax"])]

    for kind in (ContractDrafted, ContractSigned):
        assert [told(e.data) for e in await svc.told(kind)] == [(Decimal("100000.01"), Decimal(13000), Decimal("113000.01"))]


async def test_a_contract_that_an_earlier_release_drafted_meanwhile_says_neither_and_goes_on(office: Office, svc: Running) -> None:
    contract = await office.draft()
    async with svc.transaction() as tx:
        await tx.execute("UPDATE contract SET net = NULL, tax = NULL WHERE id = $1", UUID(contract["id"]))
    submitted = await office.act(contract, "submit")
    assert (submitted["net"], submitted["tax"], submitted["total"]["amount"]) == (None, None, "113000.00")
    (event,) = await svc.told(ContractSubmitted)
    assert isinstance(event.data, ContractSubmitted)
    assert (event.data.net, event.data.tax, event.data.total.amount) == (None, None, Decimal(113000))
