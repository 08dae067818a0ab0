"""Accounts and contacts that may be the same: found whoever enters or changes them, and decided by who sees both, as leads are."""

import asyncio
from typing import Any

import pytest

from lead_svc.imports.api import run_imports
from shared.events.duplicates import (
    AccountDuplicateCleared,
    AccountDuplicateDismissed,
    AccountDuplicateSuspected,
    ContactDuplicateCleared,
    ContactDuplicateSuspected,
)
from shared.events.envelope import Event
from tests import importing
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk
from tests.lead.test_duplicates import compare
from tests.lead.test_merging_parties import act, enter
from tests.statements import counted

ANNA = {"name": "Anna Berg", "email": "anna@acme.example", "phone": "+49 30 1234567"}


@pytest.fixture
async def comparing(desk: Desk, svc: Running) -> None:
    await compare(svc)


async def of(desk: Desk, kind: str, party: dict[str, Any], by: str = "admin") -> dict[str, str]:
    items = done(await desk.by(by).get(f"/v1/{kind}/{party['id']}/duplicates"))["items"]
    return others(items, kind)


def others(found: list[dict[str, Any]], kind: str) -> dict[str, str]:
    return {one[kind.removesuffix("s")]["id"]: one["certainty"] for one in found}


async def change(desk: Desk, kind: str, party: dict[str, Any], **given: Any) -> Any:
    return await desk.ask("admin", "PATCH", f"/v1/{kind}/{party['id']}", given, etag="*")


async def suspected(svc: Running, event: type[Event]) -> set[frozenset[str]]:
    column = event.__name__[:7].lower() + "_id"
    return {frozenset((str(getattr(e.data, column)), str(e.data.other_id))) for e in await svc.told(event)}  # type: ignore[attr-defined]


async def test_an_account_that_is_entered_again_is_known_by_its_name(desk: Desk, svc: Running, comparing: None) -> None:
    one = await enter(desk, "accounts", name="Acme")
    assert one["duplicates"] == []
    again = await enter(desk, "accounts", name="ACME, Ltd.")
    assert others(again["duplicates"], "accounts") == {one["id"]: "likely"}
    (found,) = again["duplicates"]
    assert (found["hidden"], found["matches"], found["state"]) == (False, {"company": 60}, "suspected")
    nearly = await enter(desk, "accounts", name="Hanse Logistik GmbH"), await enter(desk, "accounts", name="Hanse-Logistic AG")
    assert others(nearly[1]["duplicates"], "accounts") == {nearly[0]["id"]: "likely"}
    assert (await enter(desk, "accounts", name="Acmeon Trading Company"))["duplicates"] == []
    assert len(await suspected(svc, AccountDuplicateSuspected)) == 2


async def test_two_accounts_whose_people_have_one_domain_are_certainly_one(desk: Desk, svc: Running, comparing: None) -> None:
    one, other = await enter(desk, "accounts", name="Acme"), await enter(desk, "accounts", name="Acme Ltd")
    first = await enter(desk, "contacts", account_id=one["id"], **ANNA)
    second = await enter(desk, "contacts", account_id=other["id"], name="Bob", email="bob@acme.example")
    assert await of(desk, "accounts", one) == {other["id"]: "certain"}
    assert [(e.data.certainty, e.data.points) for e in await svc.told(AccountDuplicateSuspected)] == [("likely", 60), ("certain", 95)]
    assert await of(desk, "contacts", first) == {}, "colleagues are not one person"
    await change(desk, "contacts", second, email="bob@elsewhere.example")
    assert await of(desk, "accounts", one) == {other["id"]: "likely"}
    await change(desk, "accounts", other, name="Something Else")
    assert await of(desk, "accounts", one) == {}
    assert len(await svc.told(AccountDuplicateCleared)) == 1


async def test_accounts_of_other_names_are_found_by_a_person_of_both(desk: Desk, comparing: None) -> None:
    one, other = await enter(desk, "accounts", name="IBM"), await enter(desk, "accounts", name="International Business Machines")
    await enter(desk, "contacts", account_id=one["id"], **ANNA)
    assert await of(desk, "accounts", one) == {}
    await enter(desk, "contacts", account_id=other["id"], name="Anna Berg", email="ANNA@acme.example")
    assert await of(desk, "accounts", other) == {one["id"]: "likely"}


async def test_a_contact_that_is_entered_again_is_known_as_a_lead_would_be(desk: Desk, svc: Running, comparing: None) -> None:
    one, other = await enter(desk, "accounts", name="Acme"), await enter(desk, "accounts", name="Zeta")
    known = await enter(desk, "contacts", account_id=one["id"], **ANNA)
    assert known["duplicates"] == []
    by = {
        "certain": {"account_id": other["id"], "name": "A. B.", "email": "ANNA@acme.example"},
        "likely": {"account_id": one["id"], "name": "BERG, Anna"},
    }
    for certainty, given in by.items():
        found = (await enter(desk, "contacts", **given))["duplicates"]
        assert others(found, "contacts")[known["id"]] == certainty
    assert (await enter(desk, "contacts", account_id=other["id"], name="Anna Berg"))["duplicates"] == [], "two people can have one name"
    assert len(await suspected(svc, ContactDuplicateSuspected)) == 2
    await change(desk, "contacts", known, email="a@acme.example", name="Otto")
    assert await of(desk, "contacts", known) == {}
    assert len(await svc.told(ContactDuplicateCleared)) == 2


@pytest.mark.parametrize("way", ["entered", "changed", "named by a lead", "named by an import"])
async def test_there_is_no_way_around_it(desk: Desk, svc: Running, comparing: None, way: str) -> None:
    known = await enter(desk, "accounts", name="Acme")
    admin = desk.by("admin")
    if way == "entered":
        await enter(desk, "accounts", "admin", name="Acme Ltd")
    elif way == "changed":
        other = await enter(desk, "accounts", name="Zeta")
        await change(desk, "accounts", other, name="Acme Ltd")
    elif way == "named by a lead":
        await desk.lead("admin", account_external_id="Acme Ltd")
    else:
        await importing.imported(svc, admin, "/v1/imports/leads", run_imports, "external_id,account_external_id\nL-1,Acme Ltd\n")
    (pair,) = await suspected(svc, AccountDuplicateSuspected)
    assert known["id"] in pair
    (item,) = done(await admin.get("/v1/accounts/duplicates", params={"state": "suspected"}))["items"]
    assert {item["account_id"], item["other_id"]} == pair


async def test_a_file_names_accounts_by_as_many_statements_as_one_row(desk: Desk, svc: Running, comparing: None) -> None:
    rows = [{"account_external_id": f"Company {chr(65 + n % 20)}{chr(65 + n % 20)}{'' if n < 20 else ' Ltd'}"} for n in range(40)]
    counts = []
    for items in (rows[:1], rows[1:2], rows[2:]):
        with counted() as statements:
            key = {"Idempotency-Key": items[0]["account_external_id"]}
            done(await desk.by("admin").post("/v1/leads/bulk", json={"items": items}, headers=key), 207)
        counts.append(len(statements))
    assert counts[2] <= counts[0] + 7, "what was found is read and kept; rows are read for the search"
    assert len(await suspected(svc, AccountDuplicateSuspected)) >= 20


async def test_of_two_who_enter_the_same_at_once_one_finds_the_other(desk: Desk, svc: Running, comparing: None) -> None:
    entered = await asyncio.gather(*(enter(desk, "accounts", who, name="Acme Ltd") for who in ("ann", "bob") * 3))
    assert len(await suspected(svc, AccountDuplicateSuspected)) == len(entered) * (len(entered) - 1) // 2
    account = entered[0]["id"]
    people = await asyncio.gather(*(enter(desk, "contacts", "max", account_id=account, **ANNA) for _ in range(4)))
    assert len(await suspected(svc, ContactDuplicateSuspected)) == len(people) * (len(people) - 1) // 2


async def test_who_may_not_see_the_other_one_is_told_whom_to_ask_and_nothing_else(desk: Desk, comparing: None) -> None:
    one = await enter(desk, "accounts", "ann", name="Acme")
    await enter(desk, "contacts", "ann", account_id=one["id"], **ANNA)
    other = await enter(desk, "accounts", "sue", name="Acme Ltd")
    twin = await enter(desk, "contacts", "sue", account_id=other["id"], **ANNA)
    for found, certainty in ((other["duplicates"], "likely"), (twin["duplicates"], "certain")):
        assert [{n: v for n, v in each.items() if v not in (None, [])} for each in found] == [
            {"hidden": True, "certainty": certainty, "ask": desk.id("max")}
        ]
    (shown,) = done(await desk.by("eva").get(f"/v1/contacts/{twin['id']}/duplicates"))["items"]
    assert (shown["hidden"], shown["contact"]["name"]) == (False, "Anna Berg")
    (masked,) = done(await desk.by("ops").get(f"/v1/contacts/{twin['id']}/duplicates"))["items"]
    assert (masked["matches"], masked["contact"]["name"]) == (None, "A*** B***")
    dry = await desk.by("sue").post("/v1/accounts", json={"name": "ACME"}, params={"dry_run": "true"})
    assert list(others(dry.json()["duplicates"], "accounts")) == [other["id"]], "a dry run tells nothing of what one may not see"
    for by, seen in {"ann": 0, "sue": 0, "max": 0, "eva": 1, "sales_ops": 1}.items():
        for kind in ("accounts", "contacts"):
            assert len(done(await desk.by(by).get(f"/v1/{kind}/duplicates"))["items"]) == seen, (by, kind)


async def test_not_a_duplicate_is_remembered_and_can_be_taken_back(desk: Desk, svc: Running, comparing: None) -> None:
    one, other = await enter(desk, "accounts", name="Acme"), await enter(desk, "accounts", name="Acme Ltd")
    path = f"/v1/accounts/{one['id']}/duplicates/{other['id']}"
    done(await desk.raw("ann", "POST", f"{path}/dismiss", {}, etag="*"), 403)
    decided = done(await desk.raw("sales_ops", "POST", f"{path}/dismiss", {"reason": "a subsidiary"}, etag=1))
    assert (decided["state"], decided["reason"], decided["account"]["id"]) == ("dismissed", "a subsidiary", other["id"])
    await change(desk, "accounts", other, name="Zeta")
    await change(desk, "accounts", other, name="ACME")
    (found,) = done(await desk.by("max").get(f"/v1/accounts/{one['id']}/duplicates"))["items"]
    assert found["state"] == "dismissed"
    third = await enter(desk, "accounts", name="Acme GmbH")
    assert set(others(third["duplicates"], "accounts")) == {one["id"], other["id"]}, "it is said of those two alone"
    assert done(await desk.raw("max", "POST", f"{path}/reopen", {}, etag=2))["state"] == "suspected"
    assert len(await svc.told(AccountDuplicateDismissed)) == 1
    assert await svc.told(AccountDuplicateCleared) == []


async def test_merging_the_two_settles_it_and_undoing_brings_it_back(desk: Desk, svc: Running, comparing: None) -> None:
    one, other = await enter(desk, "accounts", name="Acme"), await enter(desk, "accounts", name="Acme Ltd")
    contacts = [await enter(desk, "contacts", account_id=each["id"], **ANNA) for each in (one, other)]

    async def listed(kind: str) -> int:
        return len(done(await desk.by("admin").get(f"/v1/{kind}/duplicates", params={"state": "suspected"}))["items"])

    assert (await listed("accounts"), await listed("contacts")) == (1, 1)
    await act(desk, "accounts", one, "merge", absorbed_id=other["id"])
    assert (await listed("accounts"), await of(desk, "accounts", one)) == (0, {})
    assert await of(desk, "contacts", contacts[0]) == {contacts[1]["id"]: "certain"}
    await act(desk, "contacts", contacts[0], "merge", absorbed_id=contacts[1]["id"])
    assert (await listed("contacts"), await of(desk, "contacts", contacts[0])) == (0, {})
    for kind, absorbed in (("contacts", contacts[1]), ("accounts", other)):
        await act(desk, kind, absorbed, "unmerge")
    assert (await listed("accounts"), await listed("contacts")) == (1, 1)
    assert await of(desk, "accounts", one) == {other["id"]: "certain"}


async def test_accounts_from_before_are_found_too_and_can_be_decided_on(desk: Desk, svc: Running) -> None:
    one, other = await enter(desk, "accounts", name="Acme"), await enter(desk, "accounts", name="Acme Ltd")
    assert other["duplicates"] == []
    assert await svc.told(AccountDuplicateSuspected) == []
    await compare(svc)
    done(await desk.raw("max", "POST", f"/v1/accounts/{one['id']}/duplicates/{other['id']}/dismiss", {}, etag=0))
    (found,) = done(await desk.by("max").get(f"/v1/accounts/{other['id']}/duplicates"))["items"]
    assert (found["state"], found["version"]) == ("dismissed", 2)


@pytest.mark.parametrize("kind", ["leads", "contacts"])
async def test_of_many_who_share_one_thing_the_newest_are_looked_at_and_that_is_said(desk: Desk, comparing: None, kind: str) -> None:
    """A switchboard: its number alone makes many likely the same."""
    account = await enter(desk, "accounts", name="Acme")
    switchboard = {"phone": "+49 30 555000"}
    entered = []
    for n in range(22):
        if kind == "leads":
            entered.append(await desk.lead("admin", **switchboard))
        else:
            entered.append(await enter(desk, kind, account_id=account["id"], name=f"{chr(65 + n)}{chr(90 - n)}", **switchboard))
    first, last = [done(await desk.by("admin").get(f"/v1/{kind}/{one['id']}/duplicates")) for one in (entered[0], entered[-1])]
    for one, newest in ((first, entered[2:]), (last, entered[1:-1])):
        assert one["more"]
        assert set(others(one["items"], kind)) == {each["id"] for each in newest[-20:]}
    few = await desk.lead("admin", email="lin@zeta.example")
    assert not done(await desk.by("admin").get(f"/v1/leads/{few['id']}/duplicates"))["more"]
