"""Leads that may be the same: found whoever enters or changes them, shown to those who may see them, and decided by who sees both."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from lead_svc.duplicates.policy import POLICY, DuplicatePolicy
from lead_svc.imports.api import run_imports
from shared.auth import SYSTEM
from shared.db.context import Context
from shared.events.duplicates import LeadDuplicateCleared, LeadDuplicateDismissed, LeadDuplicateSuspected
from shared.policy.store import begin
from tests import importing
from tests.client import done
from tests.harness import Running
from tests.lead.desk import WHO, Desk
from tests.statements import counted


async def compare(svc: Running) -> None:
    """The first version of the policy, as the worker stores it, says that leads are compared."""
    document = DuplicatePolicy(compares=True, phone_region="DE")
    await begin(svc.db, [replace(POLICY, begins=lambda _: document)], Context("lead-svc", SYSTEM, svc.clock(), "test"))
    svc.db.policies.forget()


@pytest.fixture
async def comparing(desk: Desk, svc: Running) -> None:
    await compare(svc)


async def of(desk: Desk, lead: dict[str, Any], by: str = "admin") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = done(await desk.by(by).get(f"/v1/leads/{lead['id']}/duplicates"))["items"]
    return items


def others(found: list[dict[str, Any]]) -> dict[str, str]:
    return {one["lead"]["id"]: one["certainty"] for one in found}


async def test_nothing_is_compared_unless_the_policy_says_so(desk: Desk, svc: Running) -> None:
    await desk.lead(**WHO)
    with counted() as statements:
        again = await desk.lead(**WHO)
    assert again["duplicates"] == []
    with counted() as without:
        await desk.lead(title="nothing to compare")
    assert len(statements) == len(without)
    assert await svc.told(LeadDuplicateSuspected) == []
    done(await desk.attempt(await desk.sql(**WHO), "convert"))


async def test_the_answer_to_a_capture_names_who_is_known_already(desk: Desk, svc: Running, comparing: None) -> None:
    known = await desk.lead(**WHO)
    assert known["duplicates"] == []
    again = await desk.lead(email="ANNA@acme.example", phone="030/1234567")
    assert others(again["duplicates"]) == {known["id"]: "certain"}
    (found,) = again["duplicates"]
    assert found["lead"] == {name: known[name] for name in ("id", "state", "company", "contact_name", "owner_id", "captured_at")}
    assert (found["hidden"], found["matches"], found["state"]) == (False, {"email": 100, "phone": 60, "domain": 10}, "suspected")
    assert others(await of(desk, known)) == {again["id"]: "certain"}
    (told,) = await svc.told(LeadDuplicateSuspected)
    assert {str(told.data.lead_id), str(told.data.other_id)} == {known["id"], again["id"]}
    assert (told.data.certainty, told.data.policy_version) == ("certain", 1)
    assert (await desk.see(known))["version"] == known["version"], "the leads themselves have not changed"


async def test_a_key_that_is_known_finds_its_own_lead_and_not_a_duplicate(desk: Desk, comparing: None) -> None:
    lead = await desk.lead(**WHO, external_id="crm-1")
    again = done(await desk.by("ann").post("/v1/leads", json={**WHO, "external_id": "crm-1"}), 200)
    assert (again["id"], again["duplicates"]) == (lead["id"], [])
    other = await desk.lead(**WHO)
    known = done(await desk.by("ann").post("/v1/leads", json={**WHO, "external_id": "crm-1"}), 200)
    assert others(known["duplicates"]) == {other["id"]: "certain"}


@pytest.mark.parametrize("way", ["capture", "bulk", "change", "import"])
async def test_there_is_no_way_around_it(desk: Desk, svc: Running, comparing: None, way: str) -> None:
    known = await desk.lead("admin", **WHO)
    admin = desk.by("admin")
    if way == "capture":
        done(await admin.post("/v1/leads", json=WHO), 201)
    elif way == "bulk":
        done(await admin.post("/v1/leads/bulk", json={"items": [WHO]}, headers={"Idempotency-Key": "a"}), 207)
    elif way == "change":
        lead = await desk.lead("admin")
        assert await svc.told(LeadDuplicateSuspected) == []
        await desk.act(lead, "", "admin", method="PATCH", email=WHO["email"])
    else:
        job = await importing.imported(svc, admin, "/v1/imports/leads", run_imports, f"external_id,email\nL-1,{WHO['email']}\n")
        assert (job["created"], job["flagged"], job["flags"]) == (1, 1, {"certain_duplicate": 1})
    assert len(await svc.told(LeadDuplicateSuspected)) == 1
    (found,) = await of(desk, known)
    assert found["certainty"] == "certain"


async def test_a_file_finds_what_is_in_it_twice_by_as_many_statements_as_for_one_row(desk: Desk, svc: Running, comparing: None) -> None:
    rows = [{"email": f"anna{n % 20}@acme.example", "contact_name": f"{chr(65 + n % 20)} Berg"} for n in range(40)]
    counts = []
    for items in (rows[:1], rows[1:2], rows[2:]):
        with counted() as statements:
            done(await desk.by("admin").post("/v1/leads/bulk", json={"items": items}, headers={"Idempotency-Key": items[0]["email"]}), 207)
        counts.append(len(statements))
    assert counts[2] <= counts[0] + 5, "two more to look at what was found and to read the rows for the search, and some to keep it"
    told = [(e.data.lead_id, e.data.other_id) for e in await svc.told(LeadDuplicateSuspected)]
    assert len(told) == len(set(told)) == 20


async def test_of_two_who_enter_the_same_person_at_once_one_finds_the_other(desk: Desk, svc: Running, comparing: None) -> None:
    entered = await asyncio.gather(*(desk.lead(who, email="lin@acme.example") for who in ("ann", "bob") * 4))
    told = await svc.told(LeadDuplicateSuspected)
    assert len(told) == len(entered) * (len(entered) - 1) // 2


async def test_who_may_not_see_the_other_one_is_told_whom_to_ask_and_nothing_else(desk: Desk, svc: Running, comparing: None) -> None:
    await desk.lead("ann", **WHO)
    hidden = await desk.lead("sue", **WHO)
    (found,) = hidden["duplicates"]
    assert {name: value for name, value in found.items() if value not in (None, [])} == {
        "hidden": True, "certainty": "certain", "ask": desk.id("max"),
    }  # fmt: skip
    assert await of(desk, hidden, "sue") == hidden["duplicates"]
    (shown,) = await of(desk, hidden, "eva")
    assert not shown["hidden"]
    masked = await of(desk, hidden, "ops")
    assert [(one["matches"], one["lead"]["contact_name"]) for one in masked] == [(None, "A*** B***")]


async def test_a_dry_run_tells_nothing_of_what_one_may_not_see(desk: Desk, comparing: None) -> None:
    await desk.lead("ann", **WHO)
    asked = await desk.by("sue").post("/v1/leads", json=WHO, params={"dry_run": "true"})
    assert asked.json()["duplicates"] == []
    own = await desk.by("ann").post("/v1/leads", json=WHO, params={"dry_run": "true"})
    assert len(own.json()["duplicates"]) == 1


async def test_a_certain_duplicate_stops_the_conversion_until_somebody_decides(desk: Desk, svc: Running, comparing: None) -> None:
    other = await desk.lead("bob", email=WHO["email"])
    lead = await desk.sql(**WHO)
    refused = done(await desk.attempt(lead, "convert"), 409)
    assert (refused["code"], [one["hidden"] for one in refused["duplicates"]]) == ("duplicate_unresolved", [True])
    path = f"/v1/leads/{lead['id']}/duplicates/{other['id']}/dismiss"
    done(await desk.raw("ann", "POST", path, {}, etag="*"), 403)
    decided = done(await desk.raw("max", "POST", path, {"reason": "father and son"}, etag=1))
    assert (decided["state"], decided["reason"], decided["version"]) == ("dismissed", "father and son", 2)
    assert len(await svc.told(LeadDuplicateDismissed)) == 1
    await desk.act(lead, "convert")


@pytest.mark.parametrize(
    "step", [{"action": "disqualify", "reason": "need_mismatch"}, {"action": "", "method": "PATCH", "email": "b@acme.example"}]
)
async def test_a_lead_that_is_given_up_or_corrected_stops_nobody(desk: Desk, comparing: None, step: dict[str, Any]) -> None:
    other = await desk.lead("ann", email=WHO["email"])
    lead = await desk.sql(**WHO)
    done(await desk.attempt(lead, "convert"), 409)
    await desk.act(other, **step)
    await desk.act(lead, "convert")


async def test_likely_ones_stop_nothing(desk: Desk, comparing: None) -> None:
    other = await desk.lead(phone=WHO["phone"])
    lead = await desk.sql(**WHO)
    assert others(await of(desk, lead)) == {other["id"]: "likely"}
    await desk.act(lead, "convert")


async def test_not_a_duplicate_is_remembered_and_can_be_taken_back(desk: Desk, svc: Running, comparing: None) -> None:
    one, other = await desk.lead(**WHO), await desk.lead(**WHO)
    path = f"/v1/leads/{one['id']}/duplicates/{other['id']}"
    done(await desk.raw("sales_ops", "POST", f"{path}/dismiss", {}, etag=1))
    await desk.act(one, "", method="PATCH", email="new@acme.example")
    await desk.act(one, "", method="PATCH", email=WHO["email"])
    assert [found["state"] for found in await of(desk, one)] == ["dismissed"]
    third = await desk.lead(**WHO)
    assert set(others(third["duplicates"])) == {one["id"], other["id"]}, "it is said of those two alone"
    done(await desk.raw("max", "POST", f"{path}/dismiss", {}, etag="*"), 409)
    done(await desk.raw("max", "POST", f"{path}/reopen", {}, etag=1), 412)
    assert done(await desk.raw("max", "POST", f"{path}/reopen", {}, etag=2))["state"] == "suspected"
    assert await svc.told(LeadDuplicateCleared) == []


async def test_what_is_corrected_is_suspected_no_longer(desk: Desk, svc: Running, comparing: None) -> None:
    one, other = await desk.lead(**WHO), await desk.lead(email=WHO["email"])
    await desk.act(other, "", method="PATCH", email="bob@elsewhere.example")
    assert await of(desk, one) == []
    (told,) = await svc.told(LeadDuplicateCleared)
    assert {str(told.data.lead_id), str(told.data.other_id)} == {one["id"], other["id"]}
    await desk.act(other, "", method="PATCH", phone=WHO["phone"])
    assert others(await of(desk, one)) == {other["id"]: "likely"}
    assert [e.data.certainty for e in await svc.told(LeadDuplicateSuspected)] == ["certain", "likely"]
    await desk.act(other, "", method="PATCH", title="something else")
    assert len(await svc.told(LeadDuplicateSuspected)) == 2


async def test_leads_from_before_are_found_too_and_can_be_decided_on(desk: Desk, svc: Running) -> None:
    lead = await desk.sql(**WHO)
    other = await desk.lead(**WHO)
    await compare(svc)
    assert [(found["version"], found["state"]) for found in await of(desk, lead)] == [(0, "suspected")]
    done(await desk.attempt(lead, "convert"), 409)
    done(await desk.raw("max", "POST", f"/v1/leads/{lead['id']}/duplicates/{other['id']}/dismiss", {}, etag=0))
    await desk.act(lead, "convert")


async def test_a_customer_who_comes_back_is_no_duplicate_but_shown(desk: Desk, svc: Running, comparing: None) -> None:
    before = await desk.lead(**WHO)
    await desk.act(before, "disqualify", reason="no_budget")
    again = await desk.lead(**WHO)
    assert again["duplicates"] == []
    (found,) = await of(desk, again)
    assert (found["lead"]["state"], found["state"], found["allowed_actions"]) == ("disqualified", None, [])
    await desk.act(before, "reactivate", "max", reason="came back")
    assert len(await svc.told(LeadDuplicateSuspected)) == 1


async def test_open_suspicions_are_listed_to_who_sees_both(desk: Desk, comparing: None) -> None:
    await desk.lead("ann", **WHO)
    await desk.lead("sue", **WHO)
    await desk.lead("bob", phone=WHO["phone"])

    async def listed(by: str, **params: Any) -> int:
        return len(done(await desk.by(by).get("/v1/leads/duplicates", params=params))["items"])

    assert {by: await listed(by) for by in ("ann", "sue", "bob", "max", "eva", "sales_ops", "marketing")} == {
        "ann": 0, "sue": 0, "bob": 0, "max": 1, "eva": 3, "sales_ops": 3, "marketing": 3,
    }  # fmt: skip
    assert (await listed("eva", certainty="certain"), await listed("eva", state="dismissed")) == (1, 0)


@pytest.mark.parametrize("other", ["itself", "unlike", "unknown"])
async def test_nothing_is_said_of_leads_that_are_not_suspected(desk: Desk, comparing: None, other: str) -> None:
    lead, unlike = await desk.lead(**WHO), await desk.lead(email="bob@elsewhere.example")
    id = {"itself": lead["id"], "unlike": unlike["id"], "unknown": desk.id("max")}[other]
    done(await desk.raw("max", "POST", f"/v1/leads/{lead['id']}/duplicates/{id}/dismiss", {}, etag="*"), 404)


async def test_the_policy_says_what_it_takes(desk: Desk) -> None:
    async def refused(**said: Any) -> httpx.Response:
        known = done(await desk.by("admin").get("/v1/policies/duplicates"))["document"]
        return await desk.by("sales_ops:ola").post("/v1/policies/duplicates/versions", json={"document": known | said})

    assert (await refused(likely=95)).status_code == 422
    assert (await refused(phone_region="XX")).status_code == 422
    assert (await refused(phone_region="DE")).status_code == 201
