"""Deals and buying committees follow when accounts and contacts are merged, in whatever order that is told."""

from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from deal_svc.merging.commands import NAMED
from shared.events.deal import DealUpdated
from shared.events.party import AccountAbsorbed, AccountCreated, AccountRestored, ContactAbsorbed, ContactRestored
from shared.ids import external_id, new_id
from shared.parties.merges import sweep
from tests.deal.sales import ACME, Sales

GROUP, OLD = external_id("account", "group"), external_id("account", "old")
ANNA, ALSO = external_id("contact", "anna"), external_id("contact", "also")


@pytest.fixture
async def accounts(sales: Sales) -> Sales:
    for id, name in ((GROUP, "Acme Group"), (OLD, "Acme old")):
        await sales.svc.hear(AccountCreated(name=name, owner_id=sales.svc.person("rep", "ann")), id)  # type: ignore[attr-defined]
    return sales


async def account_of(sales: Sales, deal: dict[str, Any]) -> UUID:
    return UUID((await sales.read(deal))["account_id"])


@pytest.mark.parametrize("order", list(permutations(range(2))))
@pytest.mark.parametrize("back", list(permutations(range(2))))
async def test_deals_go_the_whole_way_and_come_back(accounts: Sales, order: tuple[int, ...], back: tuple[int, ...]) -> None:
    """The old account went into Acme, and Acme into the group. Each tells it by itself."""
    svc: Any = accounts.svc
    deals = [await accounts.deal(account_id=str(id)) for id in (ACME, OLD, GROUP)]
    merges = [(OLD, ACME, new_id()), (ACME, GROUP, new_id())]
    for n in order:
        absorbed, survivor, merge = merges[n]
        await svc.hear(AccountAbsorbed(merge_id=merge, survivor_id=survivor), absorbed, 9)
    while await sweep(svc.db, "deal-svc", NAMED, svc.clock):
        pass
    assert [await account_of(accounts, deal) for deal in deals] == [GROUP] * 3
    assert (await accounts.read(deals[1]))["account_name"] == "Acme Group"
    for n in back:
        absorbed, survivor, merge = merges[n]
        await svc.hear(AccountRestored(merge_id=merge, survivor_id=survivor), absorbed, 10)
    assert [await account_of(accounts, deal) for deal in deals] == [ACME, OLD, GROUP]
    assert (await accounts.read(deals[1]))["account_name"] == "Acme old"
    assert {tuple(e.data.changed) for e in await svc.told(DealUpdated)} == {("account_id",)}


async def test_what_was_made_since_stays_and_hearing_it_again_changes_nothing(accounts: Sales) -> None:
    svc: Any = accounts.svc
    deal = await accounts.deal(account_id=str(OLD))
    merge = new_id()
    gone = AccountAbsorbed(merge_id=merge, survivor_id=ACME)
    await svc.hear(gone, OLD, 2)
    since, late = await accounts.deal(account_id=str(ACME)), await accounts.deal(account_id=str(OLD))
    assert await account_of(accounts, late) == OLD
    await sweep(svc.db, "deal-svc", NAMED, svc.clock)
    told = len(await svc.told(DealUpdated))
    await svc.hear(gone, OLD, 2)
    assert not await sweep(svc.db, "deal-svc", NAMED, svc.clock)
    assert len(await svc.told(DealUpdated)) == told == 2
    assert await account_of(accounts, late) == ACME
    await svc.hear(AccountRestored(merge_id=merge, survivor_id=ACME), OLD, 3)
    await svc.hear(gone, OLD, 2)  # by a replay of the reader
    assert [await account_of(accounts, one) for one in (deal, since, late)] == [OLD, ACME, OLD]


async def test_two_contacts_who_are_one_person_have_one_place_on_a_committee(accounts: Sales) -> None:
    svc: Any = accounts.svc
    both, one = await accounts.deal(), await accounts.deal()

    async def put(deal: dict[str, Any], contact: UUID, role: str) -> None:
        body = {"contact_id": str(contact), "committee_role": role, "decision_maker": False, "stance": "unknown"}
        await accounts.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/contacts", body, expect=201)

    async def places(deal: dict[str, Any]) -> dict[str, str]:
        committee = await accounts.ask("admin", "GET", f"/v1/deals/{deal['id']}/contacts")
        return {member["contact_id"]: member["committee_role"] for member in committee}

    await put(both, ANNA, "champion")
    await put(both, ALSO, "user")
    await put(one, ALSO, "gatekeeper")
    before = [await places(deal) for deal in (both, one)]
    merge, account = new_id(), ACME
    await svc.hear(ContactAbsorbed(merge_id=merge, survivor_id=ANNA, account_id=account), ALSO, 2)
    assert [await places(deal) for deal in (both, one)] == [{str(ANNA): "champion"}, {str(ANNA): "gatekeeper"}]
    await svc.hear(ContactRestored(merge_id=merge, survivor_id=ANNA, account_id=account), ALSO, 3)
    assert [await places(deal) for deal in (both, one)] == before
