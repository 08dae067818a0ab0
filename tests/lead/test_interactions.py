"""Contacts with the customer, and the three without response that end it (L14, L20)."""

from shared.events.lead import LeadDisqualified, LeadInteractionLogged, LeadReactivated
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk


async def test_what_was_said_can_be_found_and_is_in_no_event(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    made = done(await desk.meet(lead, kind="visit", key_points="Wants SSO", concerns="Price", at="2026-02-27T10:00:00Z"), 201)
    done(await desk.meet(lead, kind="mail", outcome="sent", key_points="Sent the deck"), 201)
    path = f"/v1/leads/{lead['id']}/interactions"
    found = done(await desk.by("ann").get(path, params={"q": "sso"}), 200)["items"]
    assert [i["id"] for i in found] == [made["id"]]
    assert [i["kind"] for i in done(await desk.by("ann").get(path), 200)["items"]] == ["mail", "visit"]
    masked = done(await desk.by("auditor").get(path), 200)["items"][0]
    assert masked["key_points"] is None
    told = (await svc.told(LeadInteractionLogged))[0]
    assert (told.time.isoformat(), str(told.data.interaction_id)) == ("2026-02-27T10:00:00+00:00", made["id"])
    assert "SSO" not in told.data.model_dump_json()
    seen = await desk.see(lead)
    assert (seen["responses"], seen["last_contact_at"]) == (1, "2026-03-02T09:00:00Z")


async def test_three_working_days_without_response_disqualify(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    for expected in (1, 1, 1):
        done(await desk.meet(lead, outcome="no_response"), 201)
        assert (await desk.see(lead))["no_response_count"] == expected
    svc.clock.advance(days=1)
    await desk.meet(lead, outcome="no_response")
    assert (await desk.see(lead))["state"] == "captured"
    svc.clock.advance(days=1)
    await desk.meet(lead, outcome="no_response")
    gone = await desk.see(lead)
    assert (gone["state"], gone["reason"], gone["no_response_count"]) == ("disqualified", "no_response_3", 3)
    (told,) = await svc.told(LeadDisqualified)
    assert (told.data.reason, told.version) == ("no_response_3", gone["version"])
    assert (await desk.act(lead, "reactivate", "marketing", reason="dormant pool offer"))["no_response_count"] == 0


async def test_any_response_starts_the_count_anew(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    for outcome in ("no_response", "no_response", "reached", "no_response", "no_response"):
        await desk.meet(lead, outcome=outcome)
        svc.clock.advance(days=1)
    assert (await desk.see(lead))["no_response_count"] == 2


async def test_an_attempt_entered_late_does_not_count(desk: Desk) -> None:
    lead = await desk.lead()
    await desk.meet(lead, outcome="reached", at="2026-02-27T10:00:00Z")
    await desk.meet(lead, outcome="no_response", at="2026-02-26T10:00:00Z")
    assert (await desk.see(lead))["no_response_count"] == 0


async def test_a_customer_who_comes_back_takes_the_lead_up_again(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    await desk.act(lead, "nurture", reason="later", wake_at="2026-05-01T00:00:00Z")
    await desk.meet(lead, outcome="reached")
    assert (await desk.see(lead))["state"] == "nurturing"
    await desk.meet(lead, direction="inbound", outcome="reached")
    assert (await desk.see(lead))["state"] == "captured"
    (told,) = await svc.told(LeadReactivated)
    assert told.data.reason == "inbound_contact"
    svc.clock.advance(days=90)
    await svc.fire_due()
    assert len(await svc.told(LeadReactivated)) == 1


async def test_who_contacts_us_has_been_reached(desk: Desk) -> None:
    lead = await desk.lead()
    refused = done(await desk.meet(lead, direction="inbound", outcome="no_response"), 422)
    assert refused["errors"][0]["pointer"] == "/outcome"


async def test_the_timeline_tells_it_in_words_newest_first(desk: Desk) -> None:
    lead = await desk.qualifiable()
    await desk.meet(lead, key_points="Wants SSO", at="2026-02-01T00:00:00Z")
    path = f"/v1/leads/{lead['id']}/timeline"
    items = done(await desk.by("ann").get(path), 200)["items"]
    assert [i["summary"] for i in items] == [
        "Authority confirmed; BANT score 80",
        "Grade B → A (budget confirmed)",
        "Budget confirmed; BANT score 55",
        "Grade C → B (need confirmed)",
        "Need confirmed; BANT score 30",
        "Call, outbound: reached",
        "Intent to buy: high",
        "Captured from trade_show",
        "Call, outbound: reached",
    ]
    assert (items[0]["text"], items[-1]["text"], items[0]["actor_id"]) == ("said authority", "Wants SSO", desk.id("ann"))
    masked = done(await desk.by("auditor").get(path), 200)["items"]
    assert {i["text"] for i in masked} == {None}
    first = done(await desk.by("ann").get(path, params={"limit": "4"}), 200)
    rest = done(await desk.by("ann").get(path, params={"limit": "200", "cursor": first["next_cursor"]}), 200)
    assert first["items"] + rest["items"] == items
