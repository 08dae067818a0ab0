"""What a tick in a form counts for, and how long what people wrote is kept."""

import asyncio
from typing import Any

import httpx
import pytest

from lead_svc.consent.policy import POLICY as CONSENT_POLICY
from lead_svc.forms import upkeep
from lead_svc.forms.policy import POLICY as FORM_POLICY
from tests.harness import Running
from tests.lead.desk import Desk
from tests.lead.test_forms import PATH, SENT, anybody, define, leads, send, submissions

__all__ = ["anybody"]


async def consents(desk: Desk, lead: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await desk.ask("admin", "GET", f"/v1/leads/{lead['id']}/consents")
    return found


async def test_a_tick_lifts_no_withdrawal_until_somebody_confirms_it(desk: Desk, svc: Running, anybody: httpx.AsyncClient) -> None:
    """Whoever knows an address can send a form with it."""
    await define(desk)
    lead = await desk.lead(email=SENT["email"])
    path = f"/v1/leads/{lead['id']}/consents"
    said = {"purpose": "contact", "decision": "withdrawn", "channel": "phone"}
    await desk.ask("ann", "POST", path, said, expect=201)
    svc.clock.advance(days=1)
    await send(anybody, submission_id="s-1", consent_marketing="2026-11")
    await svc.fire_due()
    found = await consents(desk, lead)
    assert {one["purpose"]: one["decision"] for one in found["stands"]} == {"contact": "withdrawn", "marketing": "granted"}
    assert (found["asked_again"], found["left_out_of"]) == (["contact"], ["mql", "cadence", "campaigns"])
    asked = next(one for one in found["items"] if one["purpose"] == "contact")
    assert (asked["decision"], asked["asked"], asked["text_version"], "submission" in asked["proof"]) == ("granted", True, "2026-11", True)
    again = await desk.lead(email=SENT["email"])
    refused = await desk.attempt(again, "mql", "marketing", reason="asked for prices")
    assert [unmet["code"] for unmet in refused.json()["unmet"]] == ["consent_withdrawn"]
    confirmed = {"purpose": "contact", "decision": "granted", "channel": "phone", "text_version": "2026-11", "proof": "called back"}
    await desk.ask("ann", "POST", path, confirmed, expect=201)
    found = await consents(desk, lead)
    assert (found["asked_again"], found["left_out_of"]) == ([], [])


async def test_a_tick_is_enough_where_the_policy_says_so_and_for_whoever_has_said_nothing(
    desk: Desk, svc: Running, anybody: httpx.AsyncClient
) -> None:
    await desk.policy(CONSENT_POLICY, form_lifts=True)
    await define(desk)
    lead = await desk.lead(email=SENT["email"])
    said = {"purpose": "contact", "decision": "withdrawn", "channel": "phone"}
    await desk.ask("ann", "POST", f"/v1/leads/{lead['id']}/consents", said, expect=201)
    svc.clock.advance(days=1)
    await send(anybody, submission_id="s-1")
    await svc.fire_due()
    found = await consents(desk, lead)
    assert ([one["decision"] for one in found["stands"]], found["asked_again"], found["left_out_of"]) == (["granted"], [], [])


async def test_what_people_wrote_is_erased_when_it_was_kept_for_long_enough(
    desk: Desk, svc: Running, anybody: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "STEP", 2)
    await desk.policy(FORM_POLICY, submission_days=30)
    await define(desk)
    for n in range(3):
        await send(anybody, submission_id=f"s-{n}", email=f"kim{n}@form.example", message="call me")
    await send(anybody, submission_id="held", homepage="links")
    await svc.fire_due()
    svc.clock.advance(days=20)
    await send(anybody, submission_id="newer", email="lin@form.example", message="later")
    await svc.fire_due()
    svc.clock.advance(days=11)
    await send(anybody, submission_id="waits", email="new@form.example")
    await upkeep.look(svc.db, svc.clock, asyncio.Event())
    sent = await submissions(desk)
    kept = {one["answers"].get("email") for one in sent if one["erased_at"] is None}
    assert kept == {"lin@form.example", "new@form.example"}
    erased = [one for one in sent if one["erased_at"]]
    assert [(one["answers"], one["touch"], one["origin"]) for one in erased] == [({}, {}, None)] * 4
    assert sorted(one["state"] for one in erased) == ["held", "taken", "taken", "taken"]
    lead = next(lead for lead in await leads(desk) if lead["email"] == "kim0@form.example")
    assert len((await consents(desk, lead))["items"]) == 1, "what they agreed to stays, with its proof"
    held = next(one for one in erased if one["state"] == "held")
    assert [unmet["code"] for unmet in held["allowed_actions"][0]["unmet"]] == ["erased"]
    refused = await desk.raw("marketing", "POST", f"{PATH}/submissions/{held['id']}/accept", etag="*")
    assert (refused.status_code, refused.json()["unmet"][0]["code"]) == (409, "erased")
    before = len(sent)
    await send(anybody, submission_id="s-0", email="kim0@form.example", message="call me")
    assert len(await submissions(desk)) == before, "the same, sent again, changes nothing still"
