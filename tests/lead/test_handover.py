"""A person's records go to somebody else: who may ask for it, what is refused, and what lead-svc moves."""

from typing import Any

import pytest

from lead_svc.handover.commands import ACCOUNTS_GO, LEADS_GO
from shared.events.lead import LeadAssigned
from shared.events.party import AccountUpdated
from shared.events.team import HandOverMoved, PersonHandedOver
from shared.handover.move import step
from shared.handover.store import part_id
from tests.client import codes, done
from tests.harness import Running
from tests.lead.desk import Desk


async def hand_over(desk: Desk, giver: str = "ann", to: str = "bob", by: str = "eva", *, expect: int = 202, **body: Any) -> Any:
    path = f"/v1/team/people/{desk.id(giver)}/hand-over"
    return await desk.ask(by, "POST", path, {"to": desk.id(to), **body}, etag="*", expect=expect)


async def work(svc: Running) -> int:
    """Let the worker's job do all that there is; how many batches it took."""
    batches = 0
    while await step(svc.db, [LEADS_GO, ACCOUNTS_GO], svc.clock, svc.service.name):
        batches += 1
    return batches


async def test_leads_and_accounts_get_another_owner(desk: Desk, svc: Running) -> None:
    kept = [await desk.lead("ann") for _ in range(3)]
    account = await desk.ask("ann", "POST", "/v1/accounts", {"name": "Acme"}, expect=201)
    await desk.lead("sue")
    asked = await hand_over(desk, kinds=["leads", "accounts"], reason="moves to Berlin")
    assert (asked["number"], asked["done"]) == (1, False)
    assert [(p["part"], p["moved"], p["left"]) for p in asked["parts"]] == [("leads", 0, None), ("accounts", 0, None)]

    assert await work(svc) == 1

    for lead in kept:
        seen = await desk.see(lead, "bob")
        assert (seen["owner_id"], seen["version"]) == (desk.id("bob"), lead["version"] + 1)
    told = await svc.told(LeadAssigned)
    assert {(e.data.rule, str(e.data.previous_owner_id), e.data.reason) for e in told} == {("hand_over", desk.id("ann"), "moves to Berlin")}
    assert {str(e.data.actor.id) for e in told if e.data.actor} == {desk.id("eva")}
    (changed,) = await svc.told(AccountUpdated)
    assert (str(changed.subject), changed.data.changed, str(changed.data.owner_id)) == (account["id"], ["owner_id"], desk.id("bob"))
    now = await desk.ask("eva", "GET", f"/v1/team/people/{desk.id('ann')}/hand-over/1")
    assert now["done"]
    assert [(p["part"], p["moved"], p["left"]) for p in now["parts"]] == [("leads", 3, 0), ("accounts", 1, 0)]
    timeline = await desk.ask("bob", "GET", f"/v1/leads/{kept[0]['id']}/timeline")
    assert timeline["items"][0]["summary"] == "Handed over to another owner: moves to Berlin"
    masked = await desk.ask("auditor", "GET", f"/v1/leads/{kept[0]['id']}/timeline")
    assert masked["items"][0]["data"]["reason"] is None


async def test_a_filter_takes_only_what_it_asks_for(desk: Desk, svc: Running) -> None:
    north = await desk.lead("ann", region="north", product="suite")
    south = await desk.lead("ann", region="south", product="suite")
    ended = await desk.lead("ann", region="north", product="suite")
    await desk.act(ended, "disqualify", reason="competitor")
    await hand_over(desk, kinds=["leads"], filter={"region": "north", "product": "suite", "state": "open"})
    await work(svc)
    owners = [(await desk.see(lead))["owner_id"] for lead in (north, south, ended)]
    assert owners == [desk.id("bob"), desk.id("ann"), desk.id("ann")]
    await hand_over(desk, kinds=["leads"])
    await work(svc)
    owners = [(await desk.see(lead))["owner_id"] for lead in (north, south, ended)]
    assert owners == [desk.id("bob")] * 3, "ended ones go too"
    listed = await desk.ask("auditor", "GET", f"/v1/team/people/{desk.id('ann')}/hand-over")
    assert [(one["number"], one["done"]) for one in listed["items"]] == [(2, True), (1, True)]


async def test_hand_overs_are_taken_in_their_order(desk: Desk, svc: Running) -> None:
    lead = await desk.lead("ann")
    await hand_over(desk, "ann", "bob", kinds=["leads"])
    svc.clock.advance(seconds=1)
    await hand_over(desk, "bob", "sue", kinds=["leads"])
    await work(svc)
    assert (await desk.see(lead))["owner_id"] == desk.id("sue")


@pytest.mark.parametrize(
    ("to", "body", "code", "pointer"),
    [
        ("ann", {}, "same_person", "/to"),
        ("nobody", {}, "unknown_person", "/to"),
        ("eva", {}, "not_an_owner", "/to"),
        ("bob", {"kinds": ["accounts"], "filter": {"state": "open"}}, "filter_not_for_kind", "/filter/state"),
        ("bob", {"filter": {"product": "suite"}}, "filter_not_for_kind", "/filter/product"),
        ("bob", {"kinds": []}, "too_short", "/kinds"),
        ("bob", {"kinds": ["webhooks"]}, "enum", "/kinds/0"),
        ("bob", {"filter": {"colour": "red"}}, "extra_forbidden", "/filter/colour"),
    ],
)
async def test_what_cannot_be_handed_over_is_refused(desk: Desk, to: str, body: dict[str, Any], code: str, pointer: str) -> None:
    refused = await hand_over(desk, "ann", to, expect=422, **body)
    assert [(e["code"], e["pointer"]) for e in refused["errors"]] == [(code, pointer)]


async def test_nobody_takes_records_who_has_left(desk: Desk, svc: Running) -> None:
    lead = await desk.lead("ann")
    for name in ("ann", "bob"):
        done(await desk.by("admin").patch(f"/v1/team/people/{desk.id(name)}", json={"active": False}, headers={"If-Match": "*"}), 200)
    assert (await hand_over(desk, to="bob", expect=422))["errors"][0]["code"] == "inactive_person"
    await hand_over(desk, to="sue", kinds=["leads"])  # the giver may have left
    await work(svc)
    assert (await desk.see(lead))["owner_id"] == desk.id("sue")


async def test_who_may_hand_over(desk: Desk) -> None:
    for by in ("admin", "ops", "eva", "max"):
        await hand_over(desk, "ann", "bob", by=by, kinds=["leads"])
    refused = await hand_over(desk, "ann", "sue", by="max", expect=409)
    assert codes(refused) == {"not_in_team"}
    for by in ("ann", "legal", "finance", "auditor", "marketing"):
        await hand_over(desk, "ann", "bob", by=by, expect=403)
    path = f"/v1/team/people/{desk.id('ann')}/hand-over"
    for by, status in (("max", 200), ("auditor", 200), ("ann", 403), ("legal", 403)):
        assert (await desk.raw(by, "GET", path)).status_code == status
    assert (await desk.raw("eva", "GET", f"{path}/99")).status_code == 404


async def test_a_dry_run_tells_nothing(desk: Desk, svc: Running) -> None:
    path = f"/v1/team/people/{desk.id('ann')}/hand-over"
    done(await desk.raw("eva", "POST", path, {"to": desk.id("bob")}, etag="*", dry_run="true"), 202)
    assert not await svc.told(PersonHandedOver)


async def test_what_other_services_tell_is_shown(desk: Desk, svc: Running) -> None:
    await hand_over(desk, kinds=["deals"])
    (told,) = await svc.told(PersonHandedOver)
    job = {n: getattr(told.data, n) for n in ("hand_over_id", "number", "from_id", "to_id")}
    for version, moved in ((1, 200), (2, 350)):
        left = 350 - moved
        event = HandOverMoved(
            service="deal-svc", **job, moved={"deals": moved}, left={"deals": left}, started_at=svc.clock(), done=not left
        )
        await svc.hear(event, part_id(told.data.hand_over_id, "deal-svc"), version)
    shown = await desk.ask("eva", "GET", f"/v1/team/people/{desk.id('ann')}/hand-over/1")
    parts = {p["part"]: (p["service"], p["moved"], p["left"], p["done_at"] is not None) for p in shown["parts"]}
    assert parts == {"deals": ("deal-svc", 350, 0, True), "unsigned_contracts": ("contract-svc", 0, None, False)}
    assert not shown["done"]
