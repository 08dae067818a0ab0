"""Leads without an owner go to people by the rules of the policy: fairly, within their limits, and with the reasons kept."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from lead_svc.assignment.commands import AGAIN
from lead_svc.assignment.policy import POLICY
from lead_svc.pool.policy import POLICY as POOL
from lead_svc.pool.upkeep import look
from lead_svc.scoring.policy import POLICY as SCORING
from shared.auth import SYSTEM
from shared.db.context import Context
from shared.events.assignment import LeadAssignmentDecided, LeadAssignmentOver
from shared.events.lead import LeadAssigned
from shared.policy.store import begin
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk
from tests.statements import counted

GOOD: dict[str, Any] = {"conditions": [{"field": "score", "op": "at_least", "values": [40]}]}
SCORES: dict[str, Any] = {
    "attributes": [{"name": "EMEA", "points": 40, "conditions": [{"field": "region", "op": "is", "values": ["EMEA"]}]}],
}  # fmt: skip
PATH = "/v1/policies/assignment/versions"
FIVE = ["ann", "bob", "cem", "dee", "eli"]


@pytest.fixture
async def north(desk: Desk, svc: Running) -> Desk:
    """Three more people sell in the north, and the policy has its first version."""
    team = (await desk.by("admin").get("/v1/team/teams", params={"external_id": "north"})).json()["items"][0]["id"]
    for name in FIVE[2:]:
        body = {"name": name.title(), "role": "rep", "team_id": team, "external_id": name}
        await desk.ask("admin", "POST", "/v1/team/people", body, expect=201)
    await begin(svc.db, [POLICY], Context("lead-svc", SYSTEM, svc.clock(), "test"))
    svc.db.policies.forget()
    return desk


async def test_a_manager_drafts_the_rules_and_does_not_make_them_active(north: Desk) -> None:
    body = {"document": {"rules": [among("ann")]}}
    drafted = await north.ask("manager:mia", "POST", PATH, body, expect=201)
    await north.ask("manager:mia", "PATCH", f"{PATH}/{drafted['number']}", {"document": {"capacity": 3}}, etag="*")
    await north.ask("manager:mia", "POST", f"{PATH}/{drafted['number']}/activate", {}, etag="*", expect=403)
    await north.ask("rep:ann", "POST", PATH, body, expect=403)


async def decide_by(desk: Desk, *rules: dict[str, Any], **more: Any) -> None:
    """These are the rules of the company from now on."""
    await activate(desk, PATH, {"rules": list(rules), **more})


async def activate(desk: Desk, path: str, document: dict[str, Any]) -> None:
    number = (await desk.ask("sales_ops:ola", "POST", path, {"document": document}, expect=201))["number"]
    for act in ("approve", "activate"):
        await desk.ask("director:dan", "POST", f"{path}/{number}/{act}", {}, etag="*")


def among(*people: str, name: str = "sellers", **more: Any) -> dict[str, Any]:
    return {"name": name, "people": [{"person": one} for one in people], **more}


def where(field: str, *values: str) -> dict[str, Any]:
    return {"conditions": [{"field": field, "op": "is", "values": list(values)}]}


async def owners(desk: Desk, leads: list[dict[str, Any]]) -> list[str | None]:
    """Who owns each of the leads, by name."""
    names = {desk.id(name): name for name in (*desk.people, *FIVE)}
    seen = [(await desk.see(lead))["owner_id"] for lead in leads]
    return [id and names[id] for id in seen]


async def captured(desk: Desk, n: int, **given: Any) -> list[dict[str, Any]]:
    return [await desk.lead("marketing", **given) for _ in range(n)]


async def why(desk: Desk, lead: dict[str, Any]) -> dict[str, str]:
    """Why people were passed over, by their names."""
    found = await desk.ask("admin", "GET", f"/v1/leads/{lead['id']}/assignment")
    names = {desk.id(name): name for name in (*desk.people, *FIVE)}
    return {names[one["person_id"]]: one["why"] for one in found["passed"]}


async def away(desk: Desk, who: str, first: int, last: int) -> None:
    """Somebody is away, counted in days from today."""
    days = {name: (desk.svc.clock.now + timedelta(days=n)).date().isoformat() for name, n in (("first_day", first), ("last_day", last))}
    await desk.ask(who, "POST", f"/v1/team/people/{desk.id(who)}/absences", days, expect=201)


# -- Who gets it -------------------------------------------------------------------------------------------------------------


async def test_without_rules_a_lead_stays_in_the_pool(north: Desk, svc: Running) -> None:
    lead = await north.lead("marketing")
    assert lead["owner_id"] is None
    assert await svc.told(LeadAssignmentDecided) == []
    decided = await north.ask("admin", "GET", f"/v1/leads/{lead['id']}/assignment")
    assert (decided["outcome"], decided["rule"], decided["passed"]) == (None, None, [])


async def test_a_lead_that_is_entered_with_its_owner_takes_no_statement_more_with_rules(north: Desk) -> None:
    counts = []
    for rules in ([], [among("ann")]):
        if rules:
            await decide_by(north, *rules)
        with counted() as statements:
            await north.lead("ann")  # who sells owns what they enter
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_a_lead_goes_to_the_first_rule_that_is_for_it_and_its_answer_says_so(north: Desk, svc: Running) -> None:
    await decide_by(north, among("sue", name="south", **where("region", "South")), among("ann", name="all"))
    lead = await north.lead("marketing", region="south")
    assert (lead["owner_id"], lead["version"]) == (north.id("sue"), 2)
    assert lead.pop("duplicates") == []
    assert await north.see(lead) == {**lead, "allowed_actions": (await north.see(lead))["allowed_actions"]}
    (told,) = await svc.told(LeadAssigned)
    assert (told.data.rule, told.data.rule_name, told.data.policy_version) == ("rule", "south", 2)
    assert (await owners(north, await captured(north, 1, region="west"))) == ["ann"]
    entries = (await north.ask("admin", "GET", f"/v1/leads/{lead['id']}/timeline"))["items"]
    assert entries[0]["summary"] == "Assigned to an owner by the rule south"


async def test_a_lead_that_has_an_owner_or_comes_from_a_file_or_the_past_is_left_alone(north: Desk, svc: Running) -> None:
    await decide_by(north, among("bob"))
    await north.lead("ann")
    await north.lead("marketing", owner_id=north.id("sue"))
    old = await north.lead("marketing", captured_at=(svc.clock.now - timedelta(days=100)).isoformat())
    assert old["owner_id"] is None
    assert await svc.told(LeadAssigned, LeadAssignmentDecided) == []


async def test_leads_of_one_request_go_around_like_single_ones_by_as_many_statements(north: Desk, svc: Running) -> None:
    await decide_by(north, among(*FIVE))
    sizes = []
    for n in (10, 60):  # of a few, what was just written is known without reading
        body = {"items": [{"source": "seo", "external_id": f"{n}-{i}"} for i in range(n)]}
        with counted() as statements:
            done(await north.raw("marketing", "POST", "/v1/leads/bulk", body, key=f"bulk-{n}"), 207)
        sizes.append(len(statements))
    assert sizes[0] == sizes[1]
    got = Counter(event.data.owner_id for event in await svc.told(LeadAssigned))
    assert sorted(got.values()) == [14, 14, 14, 14, 14]


async def test_a_hundred_leads_by_ten_clients_at_once_give_each_of_five_people_twenty(north: Desk, svc: Running) -> None:
    await decide_by(north, among(*FIVE))

    async def client() -> None:
        for _ in range(10):
            await north.lead("marketing")

    await asyncio.gather(*[client() for _ in range(10)])
    got = Counter(event.data.owner_id for event in await svc.told(LeadAssigned))
    assert sorted(got.values()) == [20] * 5


async def test_nobody_gets_more_than_their_limit_however_many_come_at_once(north: Desk, svc: Running) -> None:
    await decide_by(north, among("ann", "bob", "cem"), capacity=5, capacities={"bob": 2, "cem": 0})
    await asyncio.gather(*[captured(north, 4) for _ in range(5)])
    async with svc.db.read() as db:
        held = {str(row["owner_id"]): row["n"] for row in await db.rows("SELECT owner_id, count(*) n FROM lead GROUP BY 1")}
    assert held == {north.id("ann"): 5, north.id("bob"): 2, "None": 13}
    waiting = [event for event in await svc.told(LeadAssignmentDecided) if event.data.outcome == "waiting"]
    assert len(waiting) == 13
    assert {one.why for event in waiting for one in event.data.passed} == {"full"}


@pytest.mark.parametrize(("strategy", "expected"), [("weighted", {"ann": 6, "bob": 3}), ("least_loaded", {"ann": 3, "bob": 6})])
async def test_by_weight_or_to_whoever_has_fewest(north: Desk, strategy: str, expected: dict[str, int]) -> None:
    for _ in range(3):
        await north.lead("ann")
    people = [{"person": "ann", "weight": 2}, {"person": "bob"}]
    await decide_by(north, {"name": "two", "people": people, "strategy": strategy})
    assert Counter(await owners(north, await captured(north, 9))) == expected


async def test_the_owner_of_the_account_comes_first_if_they_can_take_it(north: Desk) -> None:
    account = await north.ask("sue", "POST", "/v1/accounts", {"name": "Acme"}, expect=201)
    first = {"name": "who knows them", "strategy": "account_owner", "otherwise": "next"}
    await decide_by(north, first, among("ann", "bob"))
    assert await owners(north, await captured(north, 1, account_id=account["id"])) == ["sue"]
    await away(north, "sue", 0, 0)
    lost, stranger = [(await captured(north, 1, **given))[0] for given in ({"account_id": account["id"]}, {})]
    assert set(await owners(north, [lost, stranger])) == {"ann", "bob"}


async def test_a_team_is_its_sellers_and_those_of_the_teams_below(north: Desk) -> None:
    await decide_by(north, {"name": "everybody", "team": "sales"})
    got = Counter(await owners(north, await captured(north, 12)))
    assert got == dict.fromkeys([*FIVE, "sue"], 2)


# -- Who does not ------------------------------------------------------------------------------------------------------------


async def test_who_is_away_or_has_left_or_is_no_seller_is_passed_over_and_the_reasons_are_shown(north: Desk) -> None:
    await away(north, "bob", -1, 0)
    await away(north, "rep:dee", 1, 5)
    cem = await north.ask("admin", "GET", f"/v1/team/people/{north.id('cem')}")
    await north.ask("admin", "PATCH", f"/v1/team/people/{cem['id']}", {"active": False}, etag=cem["version"])
    await decide_by(north, among("ann", "bob", "cem", "dee", "eva"))
    (lead,) = await captured(north, 1)
    (owner,) = await owners(north, [lead])
    later = {"ann": "dee", "dee": "ann"}[str(owner)]
    assert await why(north, lead) == {"bob": "absent", "cem": "left", "eva": "not_an_owner", later: "later"}


async def test_who_comes_back_takes_their_turn_and_catches_up_on_nothing(north: Desk, svc: Running) -> None:
    await away(north, "ann", 0, 9)
    await decide_by(north, among("ann", "bob"))
    assert set(await owners(north, await captured(north, 8))) == {"bob"}
    svc.clock.advance(days=10)
    assert Counter(await owners(north, await captured(north, 6))) == {"ann": 3, "bob": 3}


async def test_outside_working_hours_a_rule_may_leave_a_lead_for_the_morning(north: Desk, svc: Running) -> None:
    await decide_by(north, among("ann", working_hours_only=True), again_minutes=60)
    svc.clock.advance(hours=10)
    (lead,) = await captured(north, 1)
    assert (await owners(north, [lead]), await why(north, lead)) == ([None], {"ann": "off_hours"})
    for _ in range(15):
        svc.clock.advance(hours=1)
        await svc.fire_due()
    assert await owners(north, [lead]) == ["ann"]
    outcomes = [event.data.outcome for event in await svc.told(LeadAssignmentDecided)]
    assert outcomes == ["waiting", "assigned"]  # looking in vain tells nothing


# -- The queue ---------------------------------------------------------------------------------------------------------------


async def test_a_lead_that_waits_goes_to_who_has_room_again(north: Desk, svc: Running) -> None:
    await decide_by(north, among("ann"), capacity=1)
    first, second = await captured(north, 2)
    assert await owners(north, [first, second]) == ["ann", None]
    await north.act(first, "disqualify", reason="need_mismatch")
    svc.clock.advance(minutes=31)
    await svc.fire_due()
    assert await owners(north, [second]) == ["ann"]
    async with svc.db.read() as db:
        waits = "SELECT count(*) FROM timer WHERE kind = $1 AND fired_at IS NULL AND cancelled_at IS NULL"
        assert await db.value(waits, AGAIN) == 0  # the queue is empty


async def test_a_change_of_a_lead_that_waits_asks_the_rules_again(north: Desk) -> None:
    await decide_by(north, among("bob", **where("region", "EMEA")))
    (lead,) = await captured(north, 1)
    assert (await north.see(lead))["owner_id"] is None
    changed = await north.act(lead, "", "marketing", method="PATCH", region="emea")
    assert (changed["owner_id"], changed["version"]) == (north.id("bob"), 3)


async def test_rules_ask_the_score_and_what_is_predicted_and_look_again_when_these_change(north: Desk, svc: Running) -> None:
    await begin(svc.db, [SCORING], Context("lead-svc", SYSTEM, svc.clock(), "test"))
    await activate(north, "/v1/policies/scoring/versions", SCORES)
    likely = {"conditions": [{"field": "prediction", "op": "at_least", "values": [70]}]}
    await decide_by(north, among("ann", name="hot", **GOOD), among("bob", name="likely", **likely))
    good, other, third = (await captured(north, 1, region="EMEA")) + (await captured(north, 2, region="APAC"))
    assert await owners(north, [good, other, third]) == ["ann", None, None]
    await north.ask("service", "PUT", f"/v1/leads/{third['id']}/prediction", {"probability": 80, "model": "m-1"})
    await north.act(other, "", "marketing", method="PATCH", region="EMEA")
    assert await owners(north, [good, other, third]) == ["ann", "ann", "bob"]
    seen = await north.ask("max", "POST", "/v1/assignment/preview", {"lead_id": other["id"]})
    assert [(one["rule"], one["unmet"]) for one in seen["tried"]] == [("hot", None)]


async def test_what_somebody_claims_and_releases_is_theirs_to_give(north: Desk, svc: Running) -> None:
    await decide_by(north, among("bob", **where("region", "EMEA")))
    (lead,) = await captured(north, 1)
    await north.act(lead, "assign", owner_id=north.id("ann"))
    await north.act(lead, "assign", owner_id=None)
    await north.act(lead, "", "marketing", method="PATCH", region="EMEA")
    assert (await north.see(lead))["owner_id"] is None
    assert len(await svc.told(LeadAssignmentOver)) == 1


@pytest.mark.parametrize("returned", ["pool", "rules"])
async def test_a_lead_that_went_back_by_itself_is_for_the_pool_or_for_somebody_else(north: Desk, svc: Running, returned: str) -> None:
    await decide_by(north, among("ann", "bob"), returned=returned)
    await north.policy(POOL, untouched_days=14)
    (lead,) = await captured(north, 1)
    (first,) = await owners(north, [lead])
    then = {"ann": "bob", "bob": "ann"}[first or ""] if returned == "rules" else None
    svc.clock.advance(days=14)
    await look(svc.db, svc.clock, asyncio.Event())
    assert await owners(north, [lead]) == [then]
    given = [(e.data.owner_id is None, e.data.rule) for e in await svc.told(LeadAssigned)]  # type: ignore[attr-defined]
    assert given == [(False, "rule"), (True, "untouched"), *([(False, "rule")] if then else [])]
    if then:
        assert (await why(north, lead))[first or ""] == "lost"


async def test_whoever_is_alone_in_a_rule_does_not_get_back_what_they_lost(north: Desk, svc: Running) -> None:
    await decide_by(north, among("ann"), returned="rules")
    await north.policy(POOL, untouched_days=14)
    (lead,) = await captured(north, 1)
    svc.clock.advance(days=14)
    await look(svc.db, svc.clock, asyncio.Event())
    assert await owners(north, [lead]) == [None]
    assert await why(north, lead) == {"ann": "lost"}


async def test_what_somebody_releases_by_hand_is_for_the_pool_whatever_the_policy(north: Desk) -> None:
    await decide_by(north, among("ann", "bob"), returned="rules")
    (lead,) = await captured(north, 1)
    (first,) = await owners(north, [lead])
    await north.act(lead, "assign", first or "", owner_id=None)
    assert await owners(north, [lead]) == [None]


async def test_a_lead_that_comes_a_step_further_is_for_the_rules_again(north: Desk) -> None:
    await decide_by(north, among("bob", **where("state", "mql")))
    (lead,) = await captured(north, 1)
    assert (await north.act(lead, "mql", "marketing", reason="asked for a price"))["owner_id"] == north.id("bob")


async def test_a_new_version_looks_at_what_waits_where_it_says_so(north: Desk, svc: Running) -> None:
    await decide_by(north, among("bob", **where("region", "EMEA")))
    leads = await captured(north, 2)
    await decide_by(north, among("bob"))
    policy = next(policy for policy in svc.service.policies if policy.name == "assignment")
    assert policy.move is not None
    async with svc.transaction() as tx:
        assert await policy.move(tx, tx.policy(POLICY), tx.policy(POLICY), None) is None
    assert await owners(north, leads) == ["bob", "bob"]


@pytest.mark.parametrize(
    ("gone", "switch", "owner"), [("left", False, "bob"), ("away", True, "bob"), ("away", False, "ann"), ("", True, "ann")]
)
async def test_a_lead_that_is_taken_up_again_finds_somebody_where_its_owner_is_not_there(
    north: Desk, svc: Running, gone: str, switch: bool, owner: str
) -> None:
    lead = await north.lead("ann")
    await north.act(lead, "nurture", reason="later", wake_at=(svc.clock.now + timedelta(days=9)).isoformat())
    await decide_by(north, among("ann", "bob"), returned_in_absence=switch)
    if gone == "left":
        await north.ask("admin", "PATCH", f"/v1/team/people/{north.id('ann')}", {"active": False}, etag="*")
    elif gone:
        await away(north, "ann", 0, 3)
    await north.act(lead, "reactivate", "marketing", reason="webinar")
    assert await owners(north, [lead]) == [owner]
    assert [event.data.previous_owner_id for event in await svc.told(LeadAssigned)] == [svc.person(subject="ann")] * (owner == "bob")


async def test_the_queue_lists_what_waits_to_those_who_see_it(north: Desk) -> None:
    await decide_by(north, among("ann", name="emea", **where("region", "EMEA")), capacities={"ann": 0})
    first, second = (await captured(north, 1, region="EMEA")) + (await captured(north, 1))
    for who in ("max", "bob", "marketing"):
        page = await north.ask(who, "GET", "/v1/assignment/queue", count="exact")
        assert [(item["lead_id"], item["rule"]) for item in page["items"]] == [(first["id"], "emea"), (second["id"], None)]
        assert page["count"] == 2
    assert (await north.ask("presales:pia", "GET", "/v1/assignment/queue"))["items"] == []
    await north.act(second, "assign", "bob", owner_id=north.id("bob"))
    assert len((await north.ask("max", "GET", "/v1/assignment/queue"))["items"]) == 1


# -- The preview -------------------------------------------------------------------------------------------------------------


async def test_a_preview_explains_rule_by_rule_and_takes_nobodys_turn(north: Desk, svc: Running) -> None:
    (lead,) = await captured(north, 1, region="west")
    await decide_by(north, among("sue", name="south", **where("region", "South")), among("ann", "bob"), capacity=9)
    seen = [await north.ask("max", "POST", "/v1/assignment/preview", {"lead_id": lead["id"]}) for _ in range(2)]
    assert seen[0] == seen[1]
    south, sellers = seen[0]["tried"]
    assert (south["rule"], south["unmet"], south["owner_id"]) == ("south", "region is South", None)
    assert (sellers["unmet"], sellers["owner_id"]) == (None, seen[0]["owner_id"])
    (passed,) = sellers["passed"]
    assert (passed["why"], passed["load"], seen[0]["outcome"]) == ("later", 0, "assigned")
    assert (await north.see(lead))["owner_id"] is None
    assert await svc.told(LeadAssignmentDecided) == []
    refused = await north.raw("ann", "POST", "/v1/assignment/preview", {"lead_id": lead["id"]})
    assert refused.status_code == 403
