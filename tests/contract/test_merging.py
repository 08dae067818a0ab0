"""Contracts follow when accounts are merged, in every state, and come back when that is undone."""

from uuid import UUID

from shared.events.contract import ContractChanged
from shared.events.party import AccountAbsorbed, AccountRestored
from shared.ids import new_id
from tests.contract.office import ACME, Office
from tests.harness import Running


async def test_contracts_name_the_survivor_and_the_paper_stays(office: Office, svc: Running) -> None:
    made = [await office.draft(account_id=ACME), await office.signed(account_id=ACME)]
    old, group, merge = UUID(made[0]["account_id"]), new_id(), new_id()
    assert {contract["account_id"] for contract in made} == {str(old)}
    await svc.hear(AccountAbsorbed(merge_id=merge, survivor_id=group), old, 2)
    now = [await office.read(contract) for contract in made]
    assert [(one["account_id"], one["account_name"]) for one in now] == [(str(group), one["account_name"]) for one in made]
    assert [e.data.changed for e in await svc.told(ContractChanged)] == [["account_id"]] * 2  # type: ignore[attr-defined]
    await svc.hear(AccountRestored(merge_id=merge, survivor_id=group), old, 3)
    assert {(await office.read(contract))["account_id"] for contract in made} == {str(old)}
