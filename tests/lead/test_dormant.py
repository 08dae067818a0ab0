"""Dormant leads: a campaign chooses them, counts them first, takes them up again in bulk, and counts what came of them."""

from typing import Any

from lead_svc.dormant.jobs import step
from lead_svc.dormant.rules import DRIVE_ACTS
from lead_svc.dormant.tables import DRIVES
from shared.auth import Role
from shared.events.campaign import CampaignDriveCancelled, CampaignDriveMoved, CampaignDrivePlanned, CampaignDriveStarted
from shared.events.lead import LeadReactivated
from shared.events.signal import LeadTouched
from tests.acts import Acts
from tests.client import codes, done
from tests.harness import Running
from tests.lead.desk import Desk
from tests.lead.test_campaigns import planned, version
from tests.lead.test_consent import declare
from tests.statements import counted

NORTH = {"chosen": {"conditions": [{"field": "region", "op": "is", "values": ["North"]}]}}


async def dormant(desk: Desk, svc: Running, **given: Any) -> dict[str, Any]:
    """A lead of ann's that did not answer three times."""
    lead = await desk.lead(**given)
    await given_up(svc, lead)
    return lead


async def given_up(svc: Running, *leads: dict[str, Any]) -> None:
    sql = "UPDATE lead SET state = 'disqualified', reason = 'no_response_3', last_contact_at = $2 WHERE id = ANY($1::uuid[])"
    async with svc.transaction() as tx:
        await tx.execute(sql, [lead["id"] for lead in leads], svc.clock())
        await tx.execute("UPDATE task SET state = 'over' WHERE record_id = ANY($1::uuid[])", [lead["id"] for lead in leads])


async def drive(desk: Desk, campaign: dict[str, Any], body: dict[str, Any] = NORTH, by: str = "marketing", status: int = 202) -> Any:
    return done(await desk.by(by).post(f"/v1/campaigns/{campaign['id']}/drives", json=body), status)


async def act(desk: Desk, made: dict[str, Any], action: str) -> Any:
    path = f"/v1/campaigns/{made['campaign_id']}/drives/{made['id']}"
    now = done(await desk.by("marketing").get(path))
    return await desk.by("marketing").post(f"{path}/{action}", headers=version(now["version"]))


async def see(desk: Desk, made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = done(await desk.by("marketing").get(f"/v1/campaigns/{made['campaign_id']}/drives/{made['id']}"))
    return found


async def work(svc: Running) -> int:
    steps = 0
    while await step(svc.db, svc.clock):
        steps += 1
    return steps


def numbers(found: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(found[name] for name in ("state", "looked_at", "found", "left_out", "reactivated"))


async def test_a_campaign_counts_dormant_leads_then_takes_them_up_again_and_counts_what_came_of_it(desk: Desk, svc: Running) -> None:
    campaign = await planned(desk)
    first, second = [await dormant(desk, svc, region="north", company=name, email=f"{name}@x.example") for name in ("one", "two")]
    unwilling = await dormant(desk, svc, region="NORTH", email="no@x.example")
    await declare(desk, unwilling, purpose="marketing")
    south, busy = await dormant(desk, svc, region="south"), await desk.lead(region="north")
    refused = await desk.lead(region="north")
    await desk.act(refused, "disqualify", reason="no_budget")
    svc.clock.advance(days=100)
    made = await drive(desk, campaign, NORTH | {"offer": "Two months for one"})
    assert numbers(made) == ("counting", 0, 0, 0, 0)
    assert codes(await act(desk, made, "start")) == {"wrong_state"}
    await work(svc)
    assert numbers(await see(desk, made)) == ("counted", 4, 3, 1, 0)
    assert await svc.told(LeadReactivated) == [], "nothing happens before the start"
    done(await act(desk, made, "start"), 202)
    await work(svc)
    found = await see(desk, made)
    assert (numbers(found), found["offer"]) == (("done", 4, 3, 1, 2), "Two months for one")
    states = [(await desk.see(lead))["state"] for lead in (first, second, unwilling, south, busy, refused)]
    assert states == ["captured", "captured", *["disqualified"] * 2, "captured", "disqualified"]
    assert [told.data.reason for told in await svc.told(LeadReactivated)] == ["campaign"] * 2
    assert {(t.data.campaign, t.data.source, t.data.kind) for t in await svc.told(LeadTouched)} == {
        ("CRM Expo 2026", "trade_show", "offer")
    }
    brought = done(await desk.by("marketing").get(f"/v1/campaigns/{campaign['id']}/leads"))["items"]
    assert {lead["id"] for lead in brought} == {first["id"], second["id"]}
    tasks = done(await desk.by("ann").get(f"/v1/leads/{first['id']}/cadence"))["tasks"]
    assert [task["due_at"] for task in tasks] == ["2026-06-10T09:00:00Z"], "its owner touches it at once"
    svc.clock.advance(hours=1)
    await desk.meet(first)
    await desk.act(first, "mql", "marketing", reason="asked for the offer")
    await desk.act(second, "disqualify", reason="no_budget")
    outcome = (await see(desk, made))["outcome"]
    assert outcome == {"answered": 1, "open": 0, "mql": 1, "sql": 0, "converted": 0, "given_up": 1}
    told = await svc.told(CampaignDrivePlanned, CampaignDriveStarted, CampaignDriveMoved)
    assert [(e.version, getattr(e.data, "state", None)) for e in told] == [(1, None), (2, "counted"), (3, None), (4, "done")]


async def test_hundreds_are_taken_up_by_a_few_statements_and_a_batch_is_all_or_nothing(desk: Desk, svc: Running) -> None:
    campaign = await planned(desk)
    rows = [{"company": f"Acme {n}", "region": "north"} for n in range(300)]
    added = [
        one
        for n in (0, 150)
        for one in done(await desk.raw("marketing", "POST", "/v1/leads/bulk", {"items": rows[n : n + 150]}, key=f"bulk-{n}"), 207)["items"]
    ]
    await given_up(svc, *added)
    made = await drive(desk, campaign)
    assert await work(svc) == 1
    done(await act(desk, made, "start"), 202)
    with counted() as statements:
        assert await step(svc.db, svc.clock)
    assert len(statements) < 30
    assert numbers(await see(desk, made)) == ("done", 300, 300, 0, 300)


async def test_it_can_be_cancelled_and_needs_quiet_leads_if_it_says_so(desk: Desk, svc: Running) -> None:
    campaign = await planned(desk)
    await dormant(desk, svc, region="north")
    made = await drive(desk, campaign, {"chosen": {"last_contact_before": "2026-03-01T00:00:00Z"}})
    await work(svc)
    assert numbers(await see(desk, made)) == ("counted", 1, 0, 0, 0)
    assert done(await act(desk, made, "cancel"))["state"] == "cancelled"
    assert codes(await act(desk, made, "start")) == {"wrong_state"}
    assert len(await svc.told(CampaignDriveCancelled)) == 1
    await drive(desk, campaign, by="sales_ops", status=403)
    await drive(desk, campaign, {"chosen": {"conditions": [{"field": "email", "op": "known"}]}}, status=422)
    listed = done(await desk.by("auditor").get(f"/v1/campaigns/{campaign['id']}/drives"))["items"]
    assert [one["id"] for one in listed] == [made["id"]]


async def test_what_is_shown_as_allowed_is_what_the_routes_do(desk: Desk, svc: Running) -> None:
    made = await drive(desk, await planned(desk))
    path = f"/v1/campaigns/{made['campaign_id']}/drives/{made['id']}"

    async def one(who: str) -> Any:
        answer = await desk.raw(who, "GET", path)
        return answer.json() if answer.status_code == 200 else None

    held: Acts = Acts(desk, DRIVE_ACTS)
    for prepare in (None, lambda: work(svc), lambda: act(desk, made, "cancel")):
        if prepare:
            await prepare()
        async with svc.db.read() as db:
            row = await db.get(DRIVES, made["id"])
        await held.hold(row, [role.value for role in Role if role is not Role.system], one)
    held.complete()
