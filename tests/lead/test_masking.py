"""Masked roles neither see nor find personal data, nor what customers said, by whatever they read."""

import pytest

from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk
from tests.masked import MASKED, Reader

SECRETS = [
    "Xanadu Quibble",
    "xanadu.quibble@hidden.example",
    "+49 30 7654321",
    "Xanadu waits for the budget",
    "Xanadu said yes",
    "Xanadu asked",
]


async def _everything(desk: Desk) -> dict[str, str]:
    """A lead, an account and a contact, with a secret in each field that may name people or tell what they said."""
    account = done(await desk.by("ann").post("/v1/accounts", json={"name": "Hidden Ltd"}), 201)
    person = {"email": "xanadu.quibble@hidden.example", "phone": "+49 30 7654321"}
    contact = done(await desk.by("ann").post("/v1/contacts", json={"name": "Xanadu Quibble", "account_id": account["id"], **person}), 201)
    lead = await desk.lead(contact_name="Xanadu Quibble", **person)
    await desk.act(lead, "mql", "marketing", reason="Xanadu asked for it")
    body = {"status": "confirmed", "evidence": "Xanadu said yes"}
    done(await desk.attempt(lead, "bant/need", method="PUT", **body), 200)
    notes = dict.fromkeys(("key_points", "feedback", "questions", "concerns", "goals"), "Xanadu asked when")
    done(await desk.meet(lead, **notes), 201)
    waits = {"reason": "Xanadu waits for the budget", "note": "Xanadu said so", "wake_at": "2026-06-01T00:00:00Z"}
    await desk.act(lead, "nurture", **waits)
    return {"lead_id": lead["id"], "account_id": account["id"], "contact_id": contact["id"]}


@pytest.mark.parametrize("role", [*MASKED, "ops"])
async def test_a_masked_role_sees_and_finds_nothing(desk: Desk, svc: Running, role: str) -> None:
    reader = Reader(svc, await _everything(desk))
    shown = await reader.shows(role)
    assert "xanadu" not in shown
    assert "7654321" not in shown
    assert await reader.finds(role, [*SECRETS, "Xanadu", "xanadu.q", "765432"]) == {}


async def test_others_see_and_find_it(desk: Desk, svc: Running) -> None:
    reader = Reader(svc, await _everything(desk))
    shown = await reader.shows("director")
    assert [secret for secret in SECRETS if secret.lower() not in shown] == []
    found = await reader.finds("director", SECRETS)
    assert {address.rpartition("/")[2] for address in found} == {
        "leads q",
        "leads reason",
        "contacts q",
        "contacts email",
        "interactions q",
    }


async def test_a_masked_role_is_told_why(desk: Desk) -> None:
    await _everything(desk)
    for asked in ({"q": "x"}, {"email": "a@x.com"}):
        assert done(await desk.by("auditor").get("/v1/contacts", params=asked), 403)["code"] == "masked"
    titles = done(await desk.by("auditor").get("/v1/leads", params={"q": "hidden"}), 200)
    assert titles["items"] == []


async def test_what_is_not_personal_is_found_all_the_same(desk: Desk) -> None:
    lead = await desk.lead(title="Rollout", contact_name="Xanadu Quibble")
    (found,) = done(await desk.by("ops").get("/v1/leads", params={"q": "rollout"}), 200)["items"]
    assert (found["id"], found["contact_name"]) == (lead["id"], "X*** Q***")
    disqualified = await desk.act(lead, "disqualify", reason="no_budget", note="Xanadu said so")
    seen = await desk.see(disqualified, "auditor")
    assert (seen["reason"], seen["note"]) == ("no_budget", None)
    entries = done(await desk.by("auditor").get(f"/v1/leads/{lead['id']}/timeline"), 200)["items"]
    assert entries[0]["summary"] == "Disqualified from captured: no budget"


@pytest.mark.parametrize("dry_run", ["true", "false"])
async def test_a_change_does_not_tell_whether_a_guess_is_right(desk: Desk, dry_run: str) -> None:
    ids = await _everything(desk)
    guesses = ("xanadu.quibble@hidden.example", "xeno@hidden.example")
    for address in (f"/v1/contacts/{ids['contact_id']}", f"/v1/leads/{ids['lead_id']}"):
        versions = []
        for guess in guesses:
            before = done(await desk.by("service").get(address), 200)["version"]
            headers = {"If-Match": f'"{before}"'}
            answer = await desk.by("service").patch(address, json={"email": guess}, params={"dry_run": dry_run}, headers=headers)
            versions.append(done(answer, 200)["version"] - before)
            assert answer.json()["email"] == "x***@hidden.example"
        assert versions == [1, 1]


async def test_trying_an_upsert_does_not_tell_whether_a_guess_is_right(desk: Desk) -> None:
    person = {"email": "xanadu.quibble@hidden.example", "phone": "+49 30 7654321"}
    account = done(await desk.by("admin").post("/v1/accounts", json={"name": "Hidden Ltd"}), 201)
    contact = {"external_id": "C-1", "account_id": account["id"], "name": "Xanadu Quibble", **person}
    lead = {"external_id": "L-1", "contact_name": "Xanadu Quibble", "captured_at": "2026-03-01T00:00:00Z", **person}
    service = desk.by("service")
    for address, known in (("/v1/contacts", contact), ("/v1/leads", lead)):
        version = done(await desk.by("marketing").post(address, json=known), 201)["version"]
        for guess in ({}, {"email": "xeno@hidden.example"}):
            tried = await service.post(address, json=known | guess, params={"dry_run": "true"})
            assert done(tried, 200)["version"] == version + 1
        assert done(await service.post(address, json=known), 200)["version"] == version  # what is sent again changes nothing


async def test_who_sees_a_value_changes_nothing_by_giving_it_again(desk: Desk) -> None:
    ids = await _everything(desk)
    for address in (f"/v1/contacts/{ids['contact_id']}", f"/v1/leads/{ids['lead_id']}"):
        before = done(await desk.by("marketing").get(address), 200)
        answer = await desk.by("marketing").patch(address, json={"email": before["email"]}, headers={"If-Match": "*"})
        assert done(answer, 200)["version"] == before["version"]


async def test_a_read_of_what_they_may_not_see_is_logged_and_what_is_masked_is_none(desk: Desk, svc: Running) -> None:
    reader = Reader(svc, await _everything(desk))
    await reader.shows("auditor")
    assert await reader.logged("auditor") == {"list_accesses"}
    showing = await reader.operations_showing("director", ["xanadu"])
    assert showing >= {"get_lead", "list_leads", "lead_timeline", "list_interactions", "get_contact", "list_contacts"}
    assert showing <= await reader.logged("director")
