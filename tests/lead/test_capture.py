"""Capturing leads: one by one and in bulk, and the upsert by the other system's key."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.events.lead import LeadCaptured, LeadUpdated
from shared.events.party import AccountCreated
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk


async def test_capture_tells_of_the_lead_without_personal_data(desk: Desk, svc: Running) -> None:
    answer = await desk.by("ann").post(
        "/v1/leads", json={"source": "Trade Show", "company": "Acme", "contact_name": "Anna", "region": "north"}
    )
    lead = done(answer, 201)
    assert answer.headers["etag"].startswith('"1.')
    assert answer.headers["location"] == f"/v1/leads/{answer.json()['id']}"
    assert (lead["source"], lead["first_touch"], lead["state"], lead["grade"]) == ("trade_show", "trade_show", "captured", "C")
    assert (lead["owner_id"], lead["captured_at"]) == (desk.id("ann"), "2026-03-02T09:00:00Z")
    (told,) = await svc.told(LeadCaptured)
    assert (told.data.source, told.data.region, str(told.data.owner_id)) == ("trade_show", "north", desk.id("ann"))
    assert told.data.team_id is not None
    assert "Anna" not in told.data.model_dump_json()


async def test_a_lead_that_marketing_enters_is_in_the_pool(desk: Desk) -> None:
    lead = await desk.lead("marketing")
    assert lead["owner_id"] is None
    assert (await desk.see(lead, "ann"))["id"] == lead["id"]


async def test_a_seller_enters_leads_for_himself_only(desk: Desk) -> None:
    refused = await desk.by("ann").post("/v1/leads", json={"owner_id": desk.id("bob")})
    assert done(refused, 422)["errors"][0]["pointer"] == "/owner_id"
    assert (await desk.by("max").post("/v1/leads", json={"owner_id": desk.id("sue")})).status_code == 422
    assert (await desk.lead("max", owner_id=desk.id("bob")))["owner_id"] == desk.id("bob")
    handed = done(await desk.by("marketing").post("/v1/leads", json={"owner_id": desk.id("bob")}), 201)
    assert handed["owner_id"] == desk.id("bob")


async def test_the_capture_may_lie_in_the_past_but_not_in_the_future(desk: Desk, svc: Running) -> None:
    lead = await desk.lead(captured_at="2025-07-01T08:00:00+02:00")
    assert lead["captured_at"] == "2025-07-01T06:00:00Z"
    (told,) = await svc.told(LeadCaptured)
    assert told.time.isoformat() == "2025-07-01T06:00:00+00:00"
    later = (svc.clock() + timedelta(hours=1)).isoformat()
    refused = done(await desk.by("ann").post("/v1/leads", json={"captured_at": later}), 422)
    assert refused["errors"][0]["pointer"] == "/captured_at"


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"captured_at": "0001-01-01T00:00:00+14:00"}, "/captured_at"),
        ({"captured_at": "2026-01-01T00:00:00"}, "/captured_at"),
        ({"company": ""}, "/company"),
        ({"source": "x" * 81}, "/source"),
        ({"email": "anna"}, "/email"),
        ({"external_id": "k" * 201}, "/external_id"),
        ({"owner_id": "ann"}, "/owner_id"),
    ],
)
async def test_what_cannot_be_says_where(desk: Desk, given: dict[str, str], pointer: str) -> None:
    refused = done(await desk.by("ann").post("/v1/leads", json=given), 422)
    assert [e["pointer"] for e in refused["errors"]] == [pointer]


async def test_a_text_that_the_database_cannot_keep_is_the_callers_mistake(desk: Desk) -> None:
    assert (await desk.by("ann").post("/v1/leads", json={"company": "a\0b"})).status_code in (400, 422)


async def test_the_same_external_id_again_changes_what_it_says_and_nothing_else(desk: Desk, svc: Running) -> None:
    first = await desk.lead(external_id="w-1", company="Acme", product="crm")
    again = done(await desk.by("ann").post("/v1/leads", json={"external_id": "w-1", "product": "erp"}), 200)
    assert (again["id"], again["company"], again["product"], again["version"]) == (first["id"], "Acme", "erp", 2)
    (told,) = await svc.told(LeadUpdated)
    assert (told.data.changed, told.data.product) == (["product"], "erp")


async def test_the_key_of_somebody_elses_lead_is_taken(desk: Desk) -> None:
    await desk.lead("bob", external_id="w-1")
    refused = await desk.by("ann").post("/v1/leads", json={"external_id": "w-1", "company": "Mine now"})
    assert done(refused, 409)["code"] == "external_id_taken"


async def test_what_is_named_by_id_must_be_there(desk: Desk) -> None:
    nobody = "0190b6f0-0000-7000-8000-000000000000"
    for name in ("owner_id", "account_id", "contact_id", "referrer_account_id"):
        refused = done(await desk.by("marketing").post("/v1/leads", json={name: nobody}), 422)
        assert refused["errors"][0]["pointer"] == f"/{name}"


async def test_owner_and_account_by_another_systems_keys_become_stubs(desk: Desk, svc: Running) -> None:
    lead = await desk.lead("marketing", owner_external_id="crm-77", account_external_id="a-9", company="Acme")
    person = done(await desk.by("ann").get(f"/v1/team/people/{svc.person(subject='crm-77')}"), 200)
    assert (person["imported"], person["external_id"], lead["owner_id"]) == (True, "crm-77", person["id"])
    account = done(await desk.by("admin").get(f"/v1/accounts/{lead['account_id']}"), 200)
    assert (account["imported"], account["external_id"], account["name"]) == (True, "a-9", "Acme")


async def test_an_accounts_key_follows_the_rule_of_its_id(desk: Desk, svc: Running) -> None:
    """A seller names accounts that they see; the key of a hidden one tells no more than one that nobody has."""
    keys = {"mine": ("ann", "ann"), "hidden": ("sue", "sue"), "given": ("ops", "ann")}
    for key, (by, owner) in keys.items():
        done(await desk.by(by).post("/v1/accounts", json={"name": key, "external_id": key, "owner_id": owner and desk.id(owner)}), 201)
    for key in ("mine", "given"):
        assert (await desk.lead(account_external_id=key))["account_id"] is not None
    refusals = [done(await desk.by("ann").post("/v1/leads", json={"account_external_id": key}), 422) for key in ("hidden", "nowhere")]
    told = [(r["detail"], r["errors"][0]) for r in refusals]
    assert told[0] == told[1]
    assert told[0][1] == {
        "pointer": "/account_external_id", "code": "unknown_account", "message": "There is none, or you may not see it.",
    }  # fmt: skip
    rows = [{"account_external_id": key, "external_id": key} for key in ("hidden", "mine", "nowhere")]
    answer = await desk.by("ann").post("/v1/leads/bulk", json={"items": rows}, headers={"Idempotency-Key": "k"})
    assert [item["status"] for item in done(answer, 207)["items"]] == [422, 201, 422]
    mine = await desk.lead(external_id="known")
    again = await desk.by("ann").post("/v1/leads", json={"external_id": "known", "account_external_id": "hidden"})
    assert again.status_code == 422
    assert (await desk.see(mine))["account_id"] is None
    assert (await desk.by("max").post("/v1/leads", json={"account_external_id": "hidden"})).status_code == 422
    assert (await desk.lead("eva", account_external_id="hidden"))["account_id"] is not None
    assert not [t for t in await svc.told(AccountCreated) if t.data.external_id == "nowhere"]


async def test_nothing_new_is_given_to_somebody_who_left(desk: Desk, svc: Running) -> None:
    kept = await desk.lead("eva", external_id="kept", owner_id=desk.id("bob"))
    path = f"/v1/team/people/{desk.id('bob')}"
    done(await desk.by("admin").patch(path, json={"active": False}, headers={"If-Match": "*"}), 200)
    for by, given in (("eva", {"owner_id": desk.id("bob")}), ("max", {"owner_id": desk.id("bob")}), ("ops", {"owner_external_id": "bob"})):
        refused = done(await desk.by(by).post("/v1/leads", json=given), 422)
        assert refused["errors"][0]["code"] == "inactive_person"
        assert "has left" in refused["detail"]
    told = [("b-1", "bob"), ("b-1", "ann"), ("b-1", "bob"), ("kept", "bob")]
    rows = [{"external_id": key, "owner_external_id": owner} for key, owner in told]
    answer = await desk.by("ops").post("/v1/leads/bulk", json={"items": rows}, headers={"Idempotency-Key": "k"})
    assert [item["status"] for item in done(answer, 207)["items"]] == [422, 201, 422, 200]
    assert (await desk.see(kept))["version"] == kept["version"], "what they have stays theirs"
    other = await desk.lead()
    assert done(await desk.attempt(other, "assign", "max", owner_id=desk.id("bob")), 422)["errors"][0]["code"] == "inactive_person"
    account = await desk.by("eva").post("/v1/accounts", json={"name": "x", "owner_id": desk.id("bob")})
    assert done(account, 422)["errors"][0]["code"] == "inactive_person"
    done(await desk.by("admin").patch(path, json={"active": True}, headers={"If-Match": "*"}), 200)
    assert (await desk.lead("eva", owner_id=desk.id("bob")))["owner_id"] == desk.id("bob")


async def test_bulk_answers_each_row_and_twice_changes_nothing(desk: Desk, svc: Running) -> None:
    rows = [
        {"external_id": "b-1", "company": "One"},
        {"external_id": "b-2", "email": "no address"},
        {"external_id": "b-3", "captured_at": "2031-01-01T00:00:00Z"},
        {"external_id": "b-1", "product": "crm"},
        {"company": "No key"},
    ]
    client = desk.by("marketing")
    items = done(await client.post("/v1/leads/bulk", json={"items": rows}, headers={"Idempotency-Key": "1"}), 207)["items"]
    assert [i["status"] for i in items] == [201, 422, 422, 200, 201]
    assert items[1]["problem"]["errors"][0]["pointer"] == "/items/1/email"
    assert items[2]["problem"]["errors"][0]["pointer"] == "/items/2/captured_at"
    assert items[0]["id"] == items[3]["id"]
    assert (await desk.see({"id": items[0]["id"]}))["product"] == "crm"
    events = len(await svc.told())
    keyed = {"items": rows[:1] + rows[3:4]}
    again = done(await client.post("/v1/leads/bulk", json=keyed, headers={"Idempotency-Key": "2"}), 207)["items"]
    assert [i["status"] for i in again] == [200, 200]
    assert len(await svc.told()) == events


async def test_bulk_needs_a_key_and_has_a_limit(desk: Desk) -> None:
    client = desk.by("marketing")
    assert (await client.post("/v1/leads/bulk", json={"items": [{}]})).status_code == 400
    too_many = await client.post("/v1/leads/bulk", json={"items": [{}] * 501}, headers={"Idempotency-Key": "1"})
    assert too_many.status_code == 422


async def test_a_key_replays_the_answer_and_a_dry_run_leaves_nothing(desk: Desk, svc: Running) -> None:
    client, headers = desk.by("ann"), {"Idempotency-Key": "k"}
    first = await client.post("/v1/leads", json={"company": "Acme"}, headers=headers)
    again = await client.post("/v1/leads", json={"company": "Acme"}, headers=headers)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    done(await client.post("/v1/leads?dry_run=true", json={"company": "Ghost"}), 201)
    assert len(await svc.told(LeadCaptured)) == 1


async def test_who_only_reads_cannot_capture(desk: Desk) -> None:
    for role in ("auditor", "legal", "finance"):
        assert (await desk.by(role).post("/v1/leads", json={})).status_code == 403


async def test_of_two_who_capture_the_same_leads_at_once_both_are_answered(desk: Desk, svc: Running) -> None:
    def send(n: int) -> Any:
        rows = [{"external_id": f"r-{k}", "product": f"p{n}"} for k in range(50)]
        return desk.by("marketing").post("/v1/leads/bulk", json={"items": rows}, headers={"Idempotency-Key": str(n)})

    answers = [done(a, 207)["items"] for a in await asyncio.gather(*[send(n) for n in range(4)])]
    assert {item["status"] for items in answers for item in items} == {200, 201}
    assert len(await svc.told(LeadCaptured)) == 50
    page = done(await desk.by("marketing").get("/v1/leads", params={"limit": "200"}), 200)["items"]
    assert sum(item["version"] for item in page) == len(await svc.told(LeadCaptured, LeadUpdated))
