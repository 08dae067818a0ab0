"""Deals and buying committees follow when accounts and contacts are merged, in whatever order that is told."""

from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from deal_svc.imports.api import run_imports
from deal_svc.merging.commands import NAMED
from shared.events.deal import DealUpdated
from shared.events.lead import LeadAbsorbed, LeadRestored
from shared.events.party import AccountAbsorbed, AccountCreated, AccountRestored, ContactAbsorbed, ContactRestored
from shared.ids import external_id, new_id
from shared.parties import references
from shared.parties.merges import sweep
from tests import importing
from tests.client import done
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


@pytest.mark.parametrize("late", [False, True])
async def test_an_imported_deal_is_of_the_survivor_of_the_lead_and_the_account_that_it_names(accounts: Sales, late: bool) -> None:
    """Whether the merge is heard of before the file comes, or after it."""
    svc: Any = accounts.svc
    gone, survivor, company = external_id("lead", "L-1"), new_id(), references.made_id("account", "Acme older")
    merges = [
        (LeadAbsorbed(merge_id=new_id(), survivor_id=survivor, from_state="captured"), gone),
        (AccountAbsorbed(merge_id=new_id(), survivor_id=GROUP), company),
    ]

    async def brought() -> dict[str, Any]:
        rows = "external_id,account,lead_external_id,opened_at,outcome\nD-1,Acme older,L-1,2026-01-05,open\n"
        async with svc.client() as admin:
            await importing.imported(svc, admin, "/v1/imports/deals", run_imports, rows)
            (deal,) = done(await admin.get("/v1/deals", params={"external_id": "D-1"}))["items"]
            return done(await admin.get(f"/v1/deals/{deal['id']}"))

    if late:
        assert (await brought())["lead_id"] == str(gone)
    for told, subject in merges:
        await svc.hear(told, subject, 9)
    deal = await brought()
    assert (deal["lead_id"], deal["account_id"], deal["account_name"]) == (str(survivor), str(GROUP), "Acme Group")
    version = deal["version"]
    assert (await brought())["version"] == version, "the file, sent again, changes nothing"
    assert not await sweep(svc.db, "deal-svc", NAMED, svc.clock)
    changed = [(tuple(e.data.changed), e.data.lead_id) for e in await svc.told(DealUpdated)]
    assert changed == ([(("lead_id",), survivor), (("account_id",), survivor)] if late else [])
    (merge, _), _ = merges
    await svc.hear(LeadRestored(merge_id=merge.merge_id, survivor_id=survivor, to_state="captured"), gone, 10)
    assert (await accounts.read(deal))["lead_id"] == str(survivor), "the survivor was converted by it"


async def test_two_contacts_who_are_one_person_have_one_place_on_a_committee(accounts: Sales) -> None:
    svc: Any = accounts.svc
    both, one = await accounts.deal(), await accounts.deal()

    async def put(deal: dict[str, Any], contact: UUID, role: str) -> None:
        body = {"contact_id": str(contact), "committee_role": role, "decision_maker": False, "stance": "unknown"}
        await accounts.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/contacts", body, expect=201)

    async def places(deal: dict[str, Any]) -> dict[str, str]:
        committee = (await accounts.ask("admin", "GET", f"/v1/deals/{deal['id']}/contacts"))["items"]
        return {member["contact_id"]: member["committee_role"] for member in committee}

    for contact in (ANNA, ALSO):
        await accounts.contact(UUID(both["account_id"]), id=contact)
    await put(both, ANNA, "champion")
    await put(both, ALSO, "user")
    await put(one, ALSO, "gatekeeper")
    before = [await places(deal) for deal in (both, one)]
    merge, account = new_id(), ACME
    await svc.hear(ContactAbsorbed(merge_id=merge, survivor_id=ANNA, account_id=account), ALSO, 2)
    assert [await places(deal) for deal in (both, one)] == [{str(ANNA): "champion"}, {str(ANNA): "gatekeeper"}]
    await svc.hear(ContactRestored(merge_id=merge, survivor_id=ANNA, account_id=account), ALSO, 3)
    assert [await places(deal) for deal in (both, one)] == before
