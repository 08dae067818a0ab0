"""Two accounts or two contacts that are the same become one, and two again, with all of this service that names them."""

import asyncio
from typing import Any

from lead_svc.merging.hanging import hanging
from lead_svc.merging.naming import NAMED
from lead_svc.merging.record import MergeKind
from lead_svc.service import service
from shared.events.lead import LeadUpdated
from shared.events.party import AccountMemberAdded, AccountMerged, AccountUpdated
from shared.parties.merges import sweep
from tests.client import codes, done, unmet
from tests.harness import Running
from tests.lead.desk import Desk
from tests.lead.test_merging import is_sound


async def enter(desk: Desk, kind: str, by: str = "max", **given: Any) -> dict[str, Any]:
    return done(await desk.by(by).post(f"/v1/{kind}", json=given), 201)


async def act(desk: Desk, kind: str, party: dict[str, Any], action: str, by: str = "max", expect: int = 200, **body: Any) -> Any:
    return await desk.ask(by, "POST", f"/v1/{kind}/{party['id']}/{action}", body, expect=expect, etag="*")


async def see(desk: Desk, kind: str, party: dict[str, Any], by: str = "admin") -> Any:
    return await desk.ask(by, "GET", f"/v1/{kind}/{party['id']}")


async def two(desk: Desk) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Two accounts of one company, each with a contact and a lead of ann's."""
    accounts = [
        await enter(desk, "accounts", name=name, **more) for name, more in (("Acme", {"region": "east"}), ("ACME Ltd", {"size": "L"}))
    ]
    contacts = [await enter(desk, "contacts", account_id=a["id"], name="Anna", email=f"{n}@acme.example") for n, a in enumerate(accounts)]
    named = [{"account_id": a["id"], "contact_id": c["id"]} for a, c in zip(accounts, contacts, strict=True)]
    leads = [await desk.lead("max", referrer_account_id=accounts[1]["id"], **its) for its in named]
    return accounts, contacts, leads


async def test_the_survivor_is_named_by_all_that_named_either(desk: Desk, svc: Running) -> None:
    (one, other), contacts, leads = await two(desk)
    done(await desk.by("max").put(f"/v1/accounts/{other['id']}/members/{desk.id('sue')}", headers={"If-Match": "*"}))
    got = await act(desk, "accounts", one, "merge", absorbed_id=other["id"], take=["name"])
    assert (got["name"], got["region"], got["size"], got["members"]) == ("ACME Ltd", "east", "L", [desk.id("sue")])
    assert (got["state"], got["merge"]["changed"], got["left"]) == ("active", ["name", "size"], [])
    assert [(await desk.see(lead))["account_id"] for lead in leads] == [one["id"]] * 2
    assert [(await desk.see(lead))["referrer_account_id"] for lead in leads] == [one["id"]] * 2
    assert [(await see(desk, "contacts", contact))["account_id"] for contact in contacts] == [one["id"]] * 2
    gone = await see(desk, "accounts", other)
    assert (gone["state"], gone["merged_into"]) == ("merged", one["id"])
    assert (await see(desk, "accounts", other, "sue"))["merged_into"] == one["id"]
    assert unmet(gone, "change") == {"merged"}
    assert "unmerge" in {action["action"] for action in gone["allowed_actions"] if action["allowed"]}
    refused = await desk.raw("max", "PATCH", f"/v1/accounts/{other['id']}", {"size": "M"}, etag="*")
    assert (refused.status_code, refused.json()["code"]) == (409, "merged")
    new = await desk.by("max").post("/v1/contacts", json={"account_id": other["id"], "name": "Otto"})
    assert (new.status_code, new.json()["code"]) == (409, "merged")
    assert [account["id"] for account in (await desk.ask("admin", "GET", "/v1/accounts"))["items"]] == [one["id"]]
    assert len(await svc.told(AccountMerged)) == 1
    assert [str(e.data.person_id) for e in await svc.told(AccountMemberAdded)] == [desk.id("sue")] * 2  # type: ignore[attr-defined]
    assert [e.data.changed for e in await svc.told(AccountUpdated)] == [["name", "size"]]  # type: ignore[attr-defined]
    assert [e.data.changed for e in await svc.told(LeadUpdated)] == [["account_id"], ["referrer_account_id"], ["referrer_account_id"]]  # type: ignore[attr-defined]
    await is_sound(svc)


async def test_undoing_it_gives_back_what_named_it(desk: Desk, svc: Running) -> None:
    (one, other), contacts, leads = await two(desk)
    third = await enter(desk, "accounts", name="Acme Holding")
    await act(desk, "accounts", one, "merge", absorbed_id=other["id"], take=["name"])
    await act(desk, "accounts", third, "merge", absorbed_id=one["id"])
    assert (await see(desk, "accounts", other))["merged_into"] == third["id"]
    late = await desk.lead("max", account_id=other["id"])  # somebody still has the old id
    while await sweep(svc.db, "lead-svc", NAMED, svc.clock):
        pass
    assert (await desk.see(late))["account_id"] == third["id"]
    await is_sound(svc)
    assert codes(await desk.raw("max", "POST", f"/v1/accounts/{other['id']}/unmerge", None, etag="*")) == {"survivor_merged"}
    since = await desk.lead("max", account_id=third["id"])
    await act(desk, "accounts", one, "unmerge")
    await act(desk, "accounts", other, "unmerge")
    assert [(await desk.see(lead))["account_id"] for lead in leads] == [one["id"], other["id"]]
    assert [(await desk.see(lead))["referrer_account_id"] for lead in leads] == [other["id"]] * 2
    assert [(await see(desk, "contacts", contact))["account_id"] for contact in contacts] == [one["id"], other["id"]]
    assert [(await desk.see(lead))["account_id"] for lead in (late, since)] == [other["id"], third["id"]]
    back = await see(desk, "accounts", one)
    assert (back["name"], back["size"], back["state"], back["merged_into"]) == ("Acme", None, "active", None)
    await is_sound(svc)


async def test_contacts_of_one_account_are_merged(desk: Desk, svc: Running) -> None:
    accounts, (one, other), leads = await two(desk)
    elsewhere = await desk.raw("max", "POST", f"/v1/contacts/{one['id']}/merge", {"absorbed_id": other["id"]}, etag="*")
    assert codes(elsewhere) == {"other_account"}
    await act(desk, "accounts", accounts[0], "merge", absorbed_id=accounts[1]["id"])
    consent = {"purpose": "marketing", "decision": "withdrawn"}
    done(await desk.by("max").post(f"/v1/contacts/{other['id']}/consents", json=consent), 201)
    got = await act(desk, "contacts", one, "merge", absorbed_id=other["id"], take=["email"])
    assert (got["email"], got["left"]) == ("1@acme.example", [])
    assert [(await desk.see(lead))["contact_id"] for lead in leads] == [one["id"]] * 2
    stands = (await desk.ask("max", "GET", f"/v1/contacts/{one['id']}/consents"))["stands"]
    assert [one["decision"] for one in stands] == ["withdrawn"]
    assert (await see(desk, "contacts", other))["merged_into"] == one["id"]
    assert [contact["id"] for contact in (await desk.ask("admin", "GET", "/v1/contacts"))["items"]] == [one["id"]]
    await is_sound(svc)
    await act(desk, "contacts", other, "unmerge")
    assert [(await desk.see(lead))["contact_id"] for lead in leads] == [one["id"], other["id"]]
    assert (await see(desk, "contacts", one))["email"] == "0@acme.example"
    assert (await desk.ask("max", "GET", f"/v1/contacts/{one['id']}/consents"))["stands"] == []
    await is_sound(svc)


async def test_merging_parties_is_for_managers_who_see_both(desk: Desk, svc: Running) -> None:
    (one, other), _, _ = await two(desk)
    hidden = await enter(desk, "accounts", "sue", name="Acme South")
    await act(desk, "accounts", one, "merge", "ann", expect=403, absorbed_id=other["id"])
    answer = await act(desk, "accounts", one, "merge", expect=422, absorbed_id=hidden["id"])
    assert answer["errors"][0]["code"] == "unknown_account"
    assert (await act(desk, "accounts", one, "merge", expect=422, absorbed_id=one["id"]))["errors"][0]["code"] == "same_account"
    assert codes(await desk.raw("max", "POST", f"/v1/accounts/{one['id']}/unmerge", None, etag="*")) == {"not_merged"}


async def test_of_many_at_once_nothing_is_lost(desk: Desk, svc: Running) -> None:
    """Leads, contacts and merges of the same accounts side by side: what was accepted names the one that is left."""
    accounts = [await enter(desk, "accounts", name="Acme") for _ in range(2)]
    ids = [account["id"] for account in accounts]

    async def send(path: str, body: dict[str, Any], method: str = "POST", **more: str) -> int:
        return (await desk.by("max").request(method, path, json=body, headers=more)).status_code

    any_version = {"If-Match": "*"}
    merges = [send(f"/v1/accounts/{ids[n]}/merge", {"absorbed_id": ids[1 - n]}, **any_version) for n in (0, 1)]
    contacts = [send("/v1/contacts", {"account_id": ids[n % 2], "name": f"Anna {n}"}) for n in range(6)]
    leads = [send("/v1/leads", {"account_id": ids[n % 2]}) for n in range(6)]
    edits = [send(f"/v1/accounts/{ids[n % 2]}", {"size": f"{n}"}, "PATCH", **any_version) for n in range(4)]
    done_ones = await asyncio.gather(*contacts[:3], *leads[:3], *merges, *contacts[3:], *leads[3:], *edits)
    assert set(done_ones) <= {200, 201, 409}
    while await sweep(svc.db, "lead-svc", NAMED, svc.clock):
        pass
    (left,) = (await desk.ask("admin", "GET", "/v1/accounts"))["items"]
    for kind, given in (("contacts", [*done_ones[:3], *done_ones[8:11]]), ("leads", [*done_ones[3:6], *done_ones[11:14]])):
        found = (await desk.ask("admin", "GET", f"/v1/{kind}", account_id=left["id"]))["items"]
        assert len(found) == given.count(201), kind
    await is_sound(svc)


def test_all_that_names_accounts_and_contacts_moves_or_says_why_not() -> None:
    for kind in (MergeKind.ACCOUNT, MergeKind.CONTACT):
        assert {f"{one.table}.{one.column}" for one in hanging(service.metadata, kind)} == {one.part for one in NAMED if one.party == kind}
