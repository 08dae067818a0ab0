"""A contact that was logged by a slip is set right or removed: what the lead counts follows, and what was said of it is gone."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.events.lead import LeadInteractionCorrected, LeadInteractionRemoved
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk


async def logged(desk: Desk, lead: dict[str, Any], **given: Any) -> dict[str, Any]:
    made: dict[str, Any] = done(await desk.meet(lead, **given), 201)
    return made


async def correct(desk: Desk, one: dict[str, Any], by: str = "ann", *, etag: Any = "*", **right: Any) -> httpx.Response:
    return await desk.raw(by, "PATCH", f"/v1/leads/{one['lead_id']}/interactions/{one['id']}", right, etag=etag)


async def remove(desk: Desk, one: dict[str, Any], by: str = "ann", *, etag: Any = "*") -> httpx.Response:
    return await desk.raw(by, "DELETE", f"/v1/leads/{one['lead_id']}/interactions/{one['id']}", etag=etag)


async def test_a_removed_contact_is_in_no_list_and_no_count(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    kept = await logged(desk, lead, at="2026-02-26T10:00:00Z", key_points="Wants SSO")
    slip = await logged(desk, lead, key_points="Said of another customer")
    gone = done(await remove(desk, slip))
    seen = await desk.see(lead)
    assert (gone["lead_version"], gone["id"]) == (seen["version"], slip["id"])
    assert (seen["responses"], seen["last_contact_at"]) == (1, "2026-02-26T10:00:00Z")
    found = (await desk.ask("ann", "GET", f"/v1/leads/{lead['id']}/interactions"))["items"]
    assert [one["id"] for one in found] == [kept["id"]]
    timeline = await desk.ask("ann", "GET", f"/v1/leads/{lead['id']}/timeline")
    assert "Said of another customer" not in f"{timeline}"
    assert "Call removed that was logged by a slip" in [entry["summary"] for entry in timeline["items"]]
    (told,) = await svc.told(LeadInteractionRemoved)
    assert (str(told.data.interaction_id), told.data.logged_for) == (slip["id"], UUID(lead["id"]))
    assert (told.data.was.kind, told.data.was.at) == ("call", svc.clock())
    await desk.ask("ann", "DELETE", f"/v1/leads/{lead['id']}/interactions/{kept['id']}", etag="*")
    empty = await desk.see(lead)
    assert (empty["responses"], empty["last_contact_at"]) == (0, None)


async def test_a_contact_is_set_right(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    slip = await logged(desk, lead, key_points="Wants SOS")
    right = done(await correct(desk, slip, kind="mail", outcome="sent", key_points="Wants SSO", at="2026-02-27T10:00:00Z"))
    changed = {"kind": "mail", "outcome": "sent", "key_points": "Wants SSO", "at": "2026-02-27T10:00:00Z"}
    assert right == slip | changed | {"lead_version": slip["lead_version"] + 1}
    seen = await desk.see(lead)
    assert (seen["version"], seen["responses"], seen["last_contact_at"]) == (right["lead_version"], 0, "2026-02-27T10:00:00Z")
    (told,) = await svc.told(LeadInteractionCorrected)
    assert told.data.changed == ["at", "key_points", "kind", "outcome"]
    assert (told.data.was.kind, told.data.now.kind, told.data.now.at.isoformat()) == ("call", "mail", "2026-02-27T10:00:00+00:00")
    assert "SSO" not in told.data.model_dump_json()


async def test_the_same_again_changes_and_tells_nothing(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    one = await logged(desk, lead)
    for right in ({}, {"kind": "call"}):
        assert done(await correct(desk, one, **right))["lead_version"] == one["lead_version"]
    assert await svc.told(LeadInteractionCorrected) == []


async def test_attempts_without_an_answer_are_counted_again(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    made = []
    for outcome in ("no_response", "no_response", "reached", "no_response"):
        made.append(await logged(desk, lead, outcome=outcome))
        svc.clock.advance(days=1)
    assert (await desk.see(lead))["no_response_count"] == 1
    done(await correct(desk, made[2], outcome="sent"))
    seen = await desk.see(lead)
    assert (seen["no_response_count"], seen["responses"], seen["state"]) == (3, 0, "captured")
    done(await remove(desk, made[0]))
    assert (await desk.see(lead))["no_response_count"] == 2
    done(await correct(desk, made[3], outcome="reached"))
    seen = await desk.see(lead)
    assert (seen["no_response_count"], seen["responses"]) == (0, 1)


async def test_a_slip_that_made_no_difference_to_the_count_leaves_it(desk: Desk, svc: Running) -> None:
    """An attempt entered late did not count, and does not for somebody setting a mail right."""
    lead = await desk.lead()
    await logged(desk, lead, outcome="no_response")
    await logged(desk, lead, outcome="no_response", at="2026-02-26T10:00:00Z")
    mail = await logged(desk, lead, kind="mail", outcome="sent")
    done(await remove(desk, mail))
    assert (await desk.see(lead))["no_response_count"] == 1


async def test_a_lead_that_was_taken_up_again_counts_from_then_on(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    for _ in range(3):
        await logged(desk, lead, outcome="no_response")
        svc.clock.advance(days=1)
    await desk.act(lead, "reactivate", "marketing", reason="dormant pool offer")
    svc.clock.advance(hours=1)
    again = [await logged(desk, lead, outcome="no_response")]
    svc.clock.advance(days=1)
    again.append(await logged(desk, lead, outcome="no_response"))
    done(await remove(desk, again[0]))
    assert (await desk.see(lead))["no_response_count"] == 1


async def test_it_is_for_the_owner_and_those_who_lead(desk: Desk) -> None:
    lead = await desk.lead()
    one = await logged(desk, lead)
    assert (await remove(desk, one, "auditor")).status_code == 403
    assert (await remove(desk, one, "sue")).status_code == 404
    done(await correct(desk, one, "max", kind="visit"))
    done(await remove(desk, one, "ann"))


async def test_somebody_else_was_first_and_another_lead_has_it_not(desk: Desk) -> None:
    lead, other = await desk.lead(), await desk.lead(company="Other")
    one = await logged(desk, lead)
    assert (await correct(desk, one, etag=lead["version"], kind="visit")).status_code == 412
    assert (await desk.raw("ann", "DELETE", f"/v1/leads/{lead['id']}/interactions/{one['id']}")).status_code == 428
    for wrong in (one | {"lead_id": other["id"]}, one | {"id": str(uuid4())}):
        assert [(await act(desk, wrong)).status_code for act in (correct, remove)] == [404, 404]
    refused = done(await correct(desk, one, direction="inbound", outcome="no_response"), 422)
    assert refused["errors"][0]["pointer"] == "/outcome"
    assert len((await desk.ask("ann", "GET", f"/v1/leads/{lead['id']}/interactions"))["items"]) == 1


@pytest.mark.parametrize("at", ["2027-01-01T00:00:00Z", "1950-01-01T00:00:00Z"])
async def test_it_did_not_happen_in_the_future(desk: Desk, at: str) -> None:
    one = await logged(desk, await desk.lead())
    assert done(await correct(desk, one, at=at), 422)["errors"][0]["pointer"] == "/at"


async def test_what_the_survivor_of_a_merge_removes_names_the_lead_that_told_of_it(desk: Desk, svc: Running) -> None:
    kept, absorbed = await desk.lead(company="Acme Ltd"), await desk.lead(company="Acme Limited")
    slip = await logged(desk, absorbed)
    done(await desk.raw("max", "POST", f"/v1/leads/{kept['id']}/merge", {"absorbed_id": absorbed["id"]}, etag="*"))
    done(await remove(desk, slip | {"lead_id": kept["id"]}))
    (told,) = await svc.told(LeadInteractionRemoved)
    assert (told.subject, told.data.logged_for) == (UUID(kept["id"]), UUID(absorbed["id"]))
    assert (await desk.see(kept))["responses"] == 0
