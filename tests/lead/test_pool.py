"""The pool: leads that nobody owns, what somebody may claim of them, and what comes back by itself."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from lead_svc.pool.policy import POLICY
from lead_svc.pool.upkeep import look
from shared.db.tx import Reader
from shared.events.lead import LeadAssigned
from tests.client import codes, done
from tests.harness import Running
from tests.lead.desk import Desk
from tests.lead.test_handover import hand_over, work
from tests.statements import counted


async def pooled(desk: Desk, by: str = "ann", **asked: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = done(await desk.by(by).get("/v1/leads/pool", params=asked))["items"]
    return found


async def claim(desk: Desk, lead: dict[str, Any], by: str = "ann") -> Any:
    return await desk.attempt(lead, "assign", by, owner_id=desk.id(by))


async def time_passes(svc: Running, **time: float) -> None:
    svc.clock.advance(**time)
    await look(svc.db, svc.clock, asyncio.Event())


async def returned(svc: Running) -> Counter[str]:
    return Counter(told.data.rule for told in await svc.told(LeadAssigned) if told.data.owner_id is None)


async def test_the_pool_lists_leads_that_nobody_owns_and_how_they_came_there(desk: Desk, svc: Running) -> None:
    new = await desk.lead("marketing", company="New", region="north")
    released = await desk.lead(company="Released")
    await desk.lead(company="Mine")
    gone = await desk.lead(company="Gone")
    await desk.act(gone, "disqualify", reason="no_budget")
    svc.clock.advance(hours=1)
    await desk.act(released, "assign", owner_id=None)
    first, second = await pooled(desk)
    assert [(one["id"], one["returned_by"]) for one in (first, second)] == [(released["id"], "manual"), (new["id"], None)]
    assert (first["pooled_at"], second["pooled_at"]) == ("2026-03-02T10:00:00Z", "2026-03-02T09:00:00Z")
    assert [(one["lost_at"], one["claimable_at"]) for one in await pooled(desk, "bob")] == [(None, None)] * 2
    assert [one["company"] for one in await pooled(desk, region="north")] == ["New"]
    assert [one["company"] for one in await pooled(desk, returned_by="manual")] == ["Released"]
    assert await pooled(desk, "presales") == [], "they see no pool"


async def test_claims_are_limited_by_person_and_day(desk: Desk, svc: Running) -> None:
    await desk.policy(POLICY, claims_a_day=2)
    leads = [await desk.lead("marketing", company=f"Acme {n}") for n in range(4)]
    for lead in leads[:2]:
        done(await claim(desk, lead))
    assert codes(await claim(desk, leads[2])) == {"claimed_enough"}
    await desk.act(leads[2], "assign", "max", owner_id=desk.id("ann"))  # a manager gives it
    done(await claim(desk, leads[3], "bob"))
    await desk.act(leads[3], "assign", "bob", owner_id=None)
    svc.clock.advance(days=1)
    done(await claim(desk, leads[3]))


async def test_who_takes_a_lead_by_entering_it_again_claims_it(desk: Desk, svc: Running) -> None:
    await desk.policy(POLICY, claims_a_day=1, most_held=2)
    for key in ("L-1", "L-2"):
        await desk.lead("marketing", external_id=key)
    again = {"source": "trade_show", "owner_id": desk.id("ann")}
    done(await desk.by("ann").post("/v1/leads", json={**again, "external_id": "L-1"}), 200)
    assert codes(await desk.by("ann").post("/v1/leads", json={**again, "external_id": "L-2"})) == {"claimed_enough"}
    svc.clock.advance(days=1)
    done(await desk.by("ann").post("/v1/leads", json={**again, "external_id": "L-2"}), 200)
    assert await pooled(desk) == []


async def test_one_too_many_is_the_error_of_its_own_row(desk: Desk, svc: Running) -> None:
    await desk.policy(POLICY, claims_a_day=2, claim_again_days=5)
    for n in range(4):
        await desk.lead("marketing", external_id=f"L-{n}")
    lost = await desk.lead(external_id="lost")
    await desk.act(lost, "assign", owner_id=None)
    rows = [{"external_id": key, "owner_id": desk.id("ann"), "title": "mine"} for key in ("L-0", "lost", "L-1", "L-2", "new")]
    answer = await desk.by("ann").post("/v1/leads/bulk", json={"items": rows}, headers={"Idempotency-Key": "a"})
    items = done(answer, 207)["items"]
    assert [item["status"] for item in items] == [200, 409, 200, 409, 201]
    assert [[u["code"] for u in item["problem"]["unmet"]] for item in items if item.get("problem")] == [["lost_before"], ["claimed_enough"]]
    assert {one["title"] for one in await pooled(desk)} == {None}, "a refused row leaves no trace"


async def test_a_lead_of_the_pool_says_what_keeps_one_from_claiming_it(desk: Desk, svc: Running) -> None:
    await desk.policy(POLICY, claims_a_day=1, claim_again_days=10)
    free, other, lost = await desk.lead("marketing"), await desk.lead("marketing"), await desk.lead()
    await desk.act(lost, "assign", owner_id=None)

    def told(lead: dict[str, Any]) -> tuple[set[str], bool]:
        assign = next(action for action in lead["allowed_actions"] if action["action"] == "assign")
        assert lead["claim_unmet"] is None or assign["allowed"] or assign["unmet"] == lead["claim_unmet"]
        return {unmet["code"] for unmet in lead["claim_unmet"]}, assign["allowed"]

    assert told(await desk.see(free, "ann")) == (set(), True)
    assert told(await desk.see(lost, "ann")) == ({"lost_before"}, False)
    assert told(await desk.see(lost, "bob")) == (set(), True)
    mine = done(await claim(desk, free))
    assert mine["claim_unmet"] is None
    seen = await desk.by("ann").get(f"/v1/leads/{other['id']}")
    again = await desk.by("ann").get(f"/v1/leads/{other['id']}", headers={"If-None-Match": seen.headers["ETag"]})
    assert again.status_code == 200, "what one may claim changes without a new version of the lead"
    assert told(again.json()) == ({"claimed_enough"}, False)
    assert told(await desk.see(lost, "ann")) == ({"claimed_enough", "lost_before"}, False)
    assert told(await desk.see(other, "max")) == (set(), True)
    assert codes(await claim(desk, other)) == {"claimed_enough"}
    with counted(Reader) as few:
        listed = {one["id"]: {unmet["code"] for unmet in one["claim_unmet"]} for one in await pooled(desk)}
    assert listed == {other["id"]: {"claimed_enough"}, lost["id"]: {"claimed_enough", "lost_before"}}
    for _ in range(5):
        await desk.lead("marketing")
    with counted(Reader) as many:
        await pooled(desk)
    assert len(many) == len(few) > 0, "no statement for each row"


async def test_claims_of_one_person_at_once_stay_within_the_limit(desk: Desk, svc: Running) -> None:
    await desk.policy(POLICY, claims_a_day=2)
    leads = [await desk.lead("marketing", company=f"Acme {n}") for n in range(6)]
    answers = await asyncio.gather(*[claim(desk, lead) for lead in leads])
    assert Counter(answer.status_code for answer in answers) == {200: 2, 409: 4}


async def test_who_lost_a_lead_waits_before_claiming_it_again(desk: Desk, svc: Running) -> None:
    await desk.policy(POLICY, claim_again_days=10)
    lead = await desk.lead()
    await desk.act(lead, "assign", owner_id=None)
    assert codes(await claim(desk, lead)) == {"lost_before"}
    (mine,), (theirs,) = await pooled(desk), await pooled(desk, "bob")
    assert (mine["claimable_at"], theirs["claimable_at"]) == ("2026-03-12T09:00:00Z", None)
    done(await claim(desk, lead, "bob"))
    await desk.act(lead, "assign", "bob", owner_id=None)
    svc.clock.advance(days=10)
    done(await claim(desk, lead))


async def test_nobody_claims_beyond_what_they_may_hold(desk: Desk, svc: Running) -> None:
    await desk.policy(POLICY, most_held=1)
    lead = await desk.lead("marketing")
    own = await desk.lead()
    assert codes(await claim(desk, lead)) == {"held_enough"}
    await desk.act(own, "disqualify", reason="no_budget")
    done(await claim(desk, lead))


async def test_what_nobody_touches_goes_back(desk: Desk, svc: Running) -> None:
    await desk.policy(POLICY, untouched_days=14)
    quiet, touched, given = [await desk.lead(company=name) for name in ("Quiet", "Touched", "Given")]
    old = await desk.lead(captured_at=(svc.clock.now - timedelta(days=200)).isoformat())
    await time_passes(svc, days=10)
    await desk.meet(touched)
    await desk.act(given, "assign", "max", owner_id=desk.id("bob"))
    assert await returned(svc) == Counter()
    await time_passes(svc, days=4)
    assert [one["id"] for one in await pooled(desk, returned_by="untouched")] == [quiet["id"]]
    assert (await desk.see(old))["owner_id"] == desk.id("ann"), "nothing starts for history"
    told = [e for e in await svc.told(LeadAssigned) if e.data.owner_id is None]
    assert [(str(e.data.previous_owner_id), e.data.rule, e.data.policy_version) for e in told] == [(desk.id("ann"), "untouched", 2)]
    known = done(await desk.by("max").get(f"/v1/leads/{quiet['id']}/cadence"))
    assert (known["tasks"], known["reason"]) == ([], "no_owner")
    history = done(await desk.by("max").get(f"/v1/leads/{quiet['id']}/timeline"))["items"]
    assert "Back to the pool: nobody had contacted it for too long" in [entry["summary"] for entry in history]
    await time_passes(svc, days=10)
    assert await returned(svc) == {"untouched": 3}, "each once its own days are over"
    await time_passes(svc, days=30)
    assert await returned(svc) == {"untouched": 3}


async def test_the_leads_of_leavers_and_those_beyond_the_limit_go_back(desk: Desk, svc: Running) -> None:
    first, second, third = [await desk.lead(company=name) for name in ("First", "Second", "Third")]
    of_bob = await desk.lead("bob")
    svc.clock.advance(days=1)
    await desk.meet(first)
    await desk.policy(POLICY, most_held=2, return_beyond=True, return_of_leavers=True)
    done(await desk.by("admin").patch(f"/v1/team/people/{desk.id('bob')}", json={"active": False}, headers={"If-Match": "*"}))
    await time_passes(svc)
    assert {(one["id"], one["returned_by"]) for one in await pooled(desk)} == {
        (second["id"], "over_capacity"),
        (of_bob["id"], "owner_left"),
    }, "of two that nobody touched, the older one"
    assert (await desk.see(third))["owner_id"] == desk.id("ann")


async def test_a_hand_over_counts_from_its_day(desk: Desk, svc: Running) -> None:
    await desk.policy(POLICY, untouched_days=14)
    await desk.lead()
    await time_passes(svc, days=13)
    await hand_over(desk, kinds=["leads"])
    await work(svc)
    await time_passes(svc, days=2)
    assert await returned(svc) == Counter()
