"""Accounts and contacts over HTTP: upsert by key, reach, masks, and events without personal data."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from lead_svc.parties import timers
from lead_svc.service import service
from shared.events.party import AccountCreated, AccountUpdated, ContactCreated, ContactUpdated
from shared.timers import set_timer
from shared.verify import atomicity, run
from tests.client import codes, done
from tests.harness import Running
from tests.lead.desk import Desk

ANNA = {"name": "Anna Berg", "email": "anna@acme.example", "phone": "+49 30 1234567", "job_title": "CTO"}


async def account(desk: Desk, by: str = "ann", **given: Any) -> dict[str, Any]:
    return done(await desk.by(by).post("/v1/accounts", json={"name": "Acme", **given}), 201)


async def patch(desk: Desk, path: str, version: int, by: str = "ann", **given: Any) -> Any:
    return await desk.by(by).patch(f"/v1/{path}", json=given, headers={"If-Match": f'"{version}"'})


async def test_an_account_is_its_sellers(desk: Desk, svc: Running) -> None:
    made = await account(desk, external_id="a-1", region="north", tier="A")
    assert (made["owner_id"], made["tier"], made["allowed_actions"][0]["allowed"]) == (desk.id("ann"), "A", True)
    (told,) = await svc.told(AccountCreated)
    assert (told.data.name, told.data.region, told.data.external_id) == ("Acme", "north", "a-1")
    assert (await desk.by("bob").get(f"/v1/accounts/{made['id']}")).status_code == 404
    assert done(await desk.by("max").get(f"/v1/accounts/{made['id']}"), 200)["name"] == "Acme"
    assert done(await desk.by("bob").get("/v1/accounts"), 200)["items"] == []
    assert codes(await desk.by("ann").post("/v1/accounts", json={"name": "X", "owner_id": desk.id("bob")})) == {"not_manager"}


async def test_tiers_that_were_never_told_are_told_once(desk: Desk, svc: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "BATCH", 2)
    for n in range(5):
        await account(desk, external_id=f"a-{n}", tier="key")
    told = await account(desk, name="Told", tier="key")
    async with svc.transaction() as tx:
        await tx.execute("UPDATE event SET data = (data::jsonb - 'tier')::json WHERE subject <> $1", UUID(told["id"]))
        await set_timer(tx, timers.TIERS, UUID(told["id"]), tx.now)
    while await svc.fire_due():
        svc.clock.now += timedelta(seconds=1)
    said = await svc.told(AccountUpdated)
    assert [(e.data.tier, e.data.changed, e.version) for e in said] == [("key", ["tier"], 2)] * 5
    async with svc.db.connection() as conn:
        checks = [*service.checks, *atomicity(service.metadata)]
        assert [found.says async for found in run(conn, checks) if found.offenders] == []


async def test_the_same_account_again(desk: Desk, svc: Running) -> None:
    made = await account(desk, external_id="a-1")
    same = done(await desk.by("ann").post("/v1/accounts", json={"name": "Acme", "external_id": "a-1"}), 200)
    assert same["version"] == 1
    more = done(await desk.by("ann").post("/v1/accounts", json={"name": "Acme", "external_id": "a-1", "size": "500+"}), 200)
    assert (more["id"], more["size"], more["version"]) == (made["id"], "500+", 2)
    taken = done(await desk.by("bob").post("/v1/accounts", json={"name": "Mine", "external_id": "a-1"}), 409)
    assert taken["code"] == "external_id_taken"


async def test_changing_an_account(desk: Desk, svc: Running) -> None:
    made = await account(desk)
    changed = done(await patch(desk, f"accounts/{made['id']}", 1, industry="steel", owner_id=None), 200)
    assert (changed["industry"], changed["owner_id"]) == ("steel", None)
    (told,) = await svc.told(AccountUpdated)
    assert (told.data.changed, told.data.industry) == (["industry", "owner_id"], "steel")
    assert (await patch(desk, f"accounts/{made['id']}", 1, size="10")).status_code == 404, "nobody's account is seen by those who see all"
    assert (await patch(desk, f"accounts/{made['id']}", 1, by="eva", size="10")).status_code == 412
    assert (await patch(desk, f"accounts/{made['id']}", 2, by="eva", name=None)).status_code == 422
    assert (await patch(desk, f"accounts/{made['id']}", 2, by="eva", owner_id=desk.id("nobody"))).status_code == 422
    assert (await patch(desk, f"accounts/{made['id']}", 2, by="auditor", size="1")).status_code == 403


async def test_who_sees_an_account_of_their_team_without_leading_it_cannot_change_it(desk: Desk) -> None:
    made = await account(desk)
    await desk.lead(account_id=made["id"])
    north = done(await desk.by("admin").get("/v1/team/teams", params={"external_id": "north"}), 200)["items"][0]
    person = {"name": "Nora", "role": "assistant", "external_id": "nora", "team_id": north["id"]}
    done(await desk.by("admin").post("/v1/team/people", json=person), 201)
    nora = desk.svc.client("assistant", "nora")
    refused = await nora.patch(f"/v1/accounts/{made['id']}", json={"size": "1"}, headers={"If-Match": "*"})
    assert codes(refused) == {"not_owner"}


async def test_contacts_are_seen_with_their_account_and_masked_by_role(desk: Desk, svc: Running) -> None:
    made = await account(desk)
    contact = done(await desk.by("ann").post("/v1/contacts", json={**ANNA, "account_id": made["id"], "external_id": "c-1"}), 201)
    assert (contact["email"], contact["job_title"]) == ("anna@acme.example", "CTO")
    assert contact["allowed_actions"] == [{"action": "change", "allowed": True, "unmet": [], "operation_id": "change_contact"}]
    assert (await desk.by("bob").get(f"/v1/contacts/{contact['id']}")).status_code == 404
    assert done(await desk.by("bob").get("/v1/contacts"), 200)["items"] == []
    (listed,) = done(await desk.by("max").get("/v1/contacts", params={"account_id": made["id"]}), 200)["items"]
    assert listed["name"] == "Anna Berg"
    (masked,) = done(await desk.by("ops").get("/v1/contacts"), 200)["items"]
    assert (masked["name"], masked["email"], masked["phone"]) == ("A*** B***", "a***@acme.example", "***67")
    (told,) = await svc.told(ContactCreated)
    assert "anna" not in told.data.model_dump_json().lower()


async def test_changing_a_contact(desk: Desk, svc: Running) -> None:
    made, other, foreign = await account(desk), await account(desk, name="Other"), await account(desk, "bob", name="Bobs")
    body = {**ANNA, "account_id": made["id"], "external_id": "c-1"}
    contact = done(await desk.by("ann").post("/v1/contacts", json=body), 201)
    assert done(await desk.by("ann").post("/v1/contacts", json=body), 200)["version"] == 1
    moved = done(await patch(desk, f"contacts/{contact['id']}", 1, account_id=other["id"], phone=None), 200)
    assert (moved["account_id"], moved["phone"]) == (other["id"], None)
    (told,) = await svc.told(ContactUpdated)
    assert (told.data.changed, str(told.data.account_id)) == (["account_id", "phone"], other["id"])
    refused = await patch(desk, f"contacts/{contact['id']}", 2, account_id=foreign["id"])
    assert done(refused, 422)["errors"][0]["pointer"] == "/account_id"
    taken = await desk.by("bob").post("/v1/contacts", json={"name": "B", "account_id": foreign["id"], "external_id": "c-1"})
    assert done(taken, 409)["code"] == "external_id_taken"


async def test_a_lead_names_an_account_and_contact_that_its_owner_sees(desk: Desk) -> None:
    mine, bobs = await account(desk), await account(desk, "bob")
    lead = await desk.lead(account_id=mine["id"])
    assert lead["account_id"] == mine["id"]
    assert (await desk.by("ann").post("/v1/leads", json={"account_id": bobs["id"]})).status_code == 422
    assert (await desk.attempt(lead, "", method="PATCH", account_id=bobs["id"])).status_code == 422
    contact = done(await desk.by("ann").post("/v1/contacts", json={**ANNA, "account_id": mine["id"]}), 201)
    assert done(await desk.attempt(lead, "", method="PATCH", contact_id=contact["id"]), 200)["contact_id"] == contact["id"]
    found = done(await desk.by("ann").get("/v1/leads", params={"account_id": mine["id"]}), 200)["items"]
    assert [item["id"] for item in found] == [lead["id"]]


async def test_blanks_in_a_name_are_tidied_as_files_are(desk: Desk) -> None:
    admin = desk.by("admin")
    account = done(await admin.post("/v1/accounts", json={"name": " Acme   Ltd "}), 201)
    assert account["name"] == "Acme Ltd"
    changed = await admin.patch(f"/v1/accounts/{account['id']}", json={"name": "Acme \u00a0Ltd"}, headers={"If-Match": "*"})
    assert (done(changed, 200)["name"], changed.json()["version"]) == ("Acme Ltd", account["version"])
