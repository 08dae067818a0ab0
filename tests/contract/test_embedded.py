"""Payments name their contracts, and contracts their accounts, when a list is asked to."""

from shared.events.party import AccountCreated, AccountUpdated
from tests.contract.office import ACME, Office


async def test_payments_name_their_contracts(office: Office) -> None:
    contract, other = await office.delivered(), await office.delivered()
    paid = [await office.pay(contract, amount) for amount in ("10", "20")]
    await office.pay(other, "30")
    page = await office.ask("rep:ann", "GET", "/v1/payments", embed="contract", id=",".join(one["id"] for one in paid))
    assert {one["id"] for one in page["items"]} == {one["id"] for one in paid}
    names = {name: contract[name] for name in ("id", "number", "account_id", "account_name")}
    state = (await office.read(contract))["state"]
    assert page["contracts"] == [names | {"state": state}]
    assert "contracts" not in await office.ask("rep:ann", "GET", "/v1/payments")


async def test_contracts_name_their_accounts_as_these_are_called_now(office: Office) -> None:
    contract = await office.draft()
    await office.svc.hear(AccountCreated(name="Acme Ltd"), ACME)
    await office.svc.hear(AccountUpdated(name="Acme Group", changed=["name"]), ACME, 2)
    page = await office.ask("rep:ann", "GET", "/v1/contracts", embed="account")
    assert [one["account_name"] for one in page["items"]] == ["Acme Ltd"]
    assert page["accounts"] == [{"id": contract["account_id"], "name": "Acme Group", "owner_id": None}]
