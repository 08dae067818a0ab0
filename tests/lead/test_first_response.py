"""Who gets a lead contacts it within some working hours: warned, missed, met, and what becomes of the lead."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from lead_svc.cadence.policy import POLICY
from lead_svc.cadence.tasks import FIRST_RESPONSE
from shared.deadlines.commands import stop_many
from shared.events.cadence import LeadDeadlineStarted, LeadDeadlineStopped, LeadDeadlineWarned, LeadFirstResponded, LeadFirstResponseMissed
from shared.events.envelope import Envelope
from shared.events.lead import LeadAssigned
from tests.client import done
from tests.harness import Running
from tests.lead.desk import Desk
from tests.lead.test_cadence import plan
from tests.statements import counted


async def given(desk: Desk, **more: Any) -> dict[str, Any]:
    """A lead that marketing's system enters for ann, on a Monday at nine."""
    return await desk.lead("admin", owner_id=desk.id("ann"), **more)


async def response(desk: Desk, lead: dict[str, Any], by: str = "admin") -> Any:
    return (await plan(desk, lead, by))["first_response"]


async def only(svc: Running, event: type[Any]) -> Envelope[Any]:
    (told,) = await svc.told(event)
    return told


async def test_a_person_who_calls_meets_it_and_the_minutes_are_those_of_work(desk: Desk, svc: Running) -> None:
    svc.clock.advance(hours=8)
    lead = await given(desk)
    assert (await response(desk, lead))["due_at"] == "2026-03-03T12:00:00Z", "an hour on Monday, three on Tuesday"
    before = (await desk.see(lead))["version"]
    svc.clock.advance(hours=17)
    done(await desk.meet(lead, outcome="no_response"), 201)
    told = await only(svc, LeadFirstResponded)
    assert (told.data.minutes, told.data.in_time, told.data.met_at) == (120, True, svc.clock.now)
    assert (told.data.grade, str(told.data.owner_id), str(told.data.lead_id)) == ("C", desk.id("ann"), lead["id"])
    assert (await desk.see(lead))["version"] == before + 1, "of the contact alone"
    assert (await response(desk, lead))["state"] == "met"


async def test_the_clock_is_that_of_whoever_has_to_respond(desk: Desk, svc: Running) -> None:
    days = {"first_day": "2026-03-02", "last_day": "2026-03-03"}
    done(await desk.by("ann").post(f"/v1/team/people/{desk.id('ann')}/absences", json=days), 201)
    lead = await given(desk)
    assert (await response(desk, lead))["due_at"] == "2026-03-04T13:00:00Z", "from Wednesday at nine, when ann is back"
    svc.clock.advance(days=2, hours=1)
    done(await desk.meet(lead), 201)
    assert (await only(svc, LeadFirstResponded)).data.minutes == 60


async def test_what_is_given_up_at_once_stops_by_a_handful_of_statements(desk: Desk, svc: Running) -> None:
    leads = [await given(desk) for _ in range(3)]
    ended = {UUID(lead["id"]): svc.clock() for lead in leads}
    async with svc.transaction() as tx:
        with counted() as statements:
            await stop_many(tx, FIRST_RESPONSE, ended)
            await tx.flush()
    assert len(statements) <= 5
    assert len(await svc.told(LeadDeadlineStopped)) == 3


@pytest.mark.parametrize(
    ("by", "body"),
    [("ann", {"direction": "inbound"}), ("ann", {"at": "2026-03-02T08:00:00Z"})],
    ids=["the customer calls", "a call before the lead was given"],
)
async def test_what_is_no_response_of_ours_does_not_stop_it(desk: Desk, svc: Running, by: str, body: dict[str, Any]) -> None:
    lead = await given(desk)
    done(await desk.meet(lead, by, **body), 201)
    assert (await response(desk, lead))["state"] == "running"
    assert await svc.told(LeadFirstResponded) == []


async def test_it_is_warned_of_then_missed_and_the_manager_is_named(desk: Desk, svc: Running) -> None:
    lead = await given(desk)
    svc.clock.advance(hours=10)
    await svc.fire_due()
    warned, missed = await only(svc, LeadDeadlineWarned), await only(svc, LeadFirstResponseMissed)
    assert (warned.time.isoformat(), missed.time.isoformat()) == ("2026-03-02T12:00:00+00:00", "2026-03-02T13:00:00+00:00")
    assert str(missed.data.manager_id) == desk.id("max")
    (listed,) = done(await desk.by("max").get("/v1/leads/tasks", params={"kind": "first_response"}), 200)["items"]
    assert (listed["overdue"], listed["operation_id"], listed["assignee_id"]) == (True, "log_interaction", desk.id("ann"))
    assert (await desk.see(lead))["owner_id"] == desk.id("ann"), "the policy takes nothing away"
    done(await desk.meet(lead), 201)
    late = await only(svc, LeadFirstResponded)
    assert (late.data.in_time, late.data.minutes) == (False, 540), "nine hours of work on Monday"


async def test_a_call_that_is_entered_later_takes_the_miss_back(desk: Desk, svc: Running) -> None:
    lead = await given(desk)
    svc.clock.advance(hours=10)
    await svc.fire_due()
    done(await desk.meet(lead, at="2026-03-02T10:00:00Z"), 201)
    told = await only(svc, LeadFirstResponded)
    assert (told.data.in_time, told.data.taken_back, told.data.minutes) == (True, True, 60)


async def test_if_the_policy_says_so_a_missed_lead_goes_back_to_the_pool(desk: Desk, svc: Running) -> None:
    await desk.policy(POLICY, back_to_queue=True)
    lead = await given(desk)
    svc.clock.advance(hours=10)
    await svc.fire_due()
    assert (await desk.see(lead))["owner_id"] is None
    told = await only(svc, LeadAssigned)
    assert (told.data.rule, str(told.data.previous_owner_id)) == ("first_response_missed", desk.id("ann"))
    assert [(await plan(desk, lead, "bob"))[name] for name in ("tasks", "reason")] == [[], "no_owner"]
    await desk.act(lead, "assign", "bob", owner_id=desk.id("bob"))
    again = await response(desk, lead)
    assert (again["state"], again["overdue"], again["due_at"]) == ("running", False, "2026-03-03T13:00:00Z"), "from Tuesday at nine"


async def test_each_grade_has_its_hours_and_none_means_no_limit(desk: Desk, svc: Running) -> None:
    await desk.policy(POLICY, warn_percent=0, grades={"C": {"first_response_hours": 0}, "B": {"first_response_hours": 2}})
    lead = await given(desk)
    assert await response(desk, lead) is None
    await desk.bant(lead, "admin", need="confirmed")
    await desk.act(lead, "assign", "max", owner_id=desk.id("bob"))
    assert (await response(desk, lead))["due_at"] == "2026-03-02T11:00:00Z"
    assert (await only(svc, LeadDeadlineStarted)).data.warn_at is None


@pytest.mark.parametrize("step", ["release", "disqualify", "nurture"])
async def test_nobody_waits_for_what_is_given_back_or_up(desk: Desk, svc: Running, step: str) -> None:
    lead = await given(desk)
    bodies: dict[str, dict[str, Any]] = {
        "release": {"action": "assign", "owner_id": None},
        "disqualify": {"action": "disqualify", "reason": "need_mismatch"},
        "nurture": {"action": "nurture", "reason": "later", "wake_at": "2026-05-01T08:00:00Z"},
    }
    await desk.act(lead, **bodies[step])
    assert (await response(desk, lead))["state"] == "stopped"
    assert len(await svc.told(LeadDeadlineStopped)) == 1
    svc.clock.advance(days=2)
    await svc.fire_due()
    assert await svc.told(LeadFirstResponseMissed) == []


async def test_none_starts_for_an_own_entry_for_history_or_late(desk: Desk, svc: Running) -> None:
    own = await desk.lead()
    assert await response(desk, own) is None, "who enters a lead has had the contact"
    old = await given(desk, captured_at=(svc.clock.now - timedelta(days=100)).isoformat())
    assert await response(desk, old) is None
    lately = await given(desk, captured_at=(svc.clock.now - timedelta(days=5)).isoformat())
    assert (await response(desk, lately))["started_at"] == svc.clock.now.isoformat().replace("+00:00", "Z"), "from when it was given"


async def test_many_are_started_by_a_handful_of_statements(desk: Desk, svc: Running) -> None:
    rows = [{"company": f"Acme {n}", "owner_id": desk.id("ann")} for n in range(120)]
    done(await desk.raw("admin", "POST", "/v1/leads/bulk", {"items": rows}, key="bulk-1"), 207)
    assert len(await svc.told(LeadDeadlineStarted)) == 120
    listed = done(await desk.by("ann").get("/v1/leads/tasks", params={"count": "exact"}), 200)
    assert listed["count"] == 240
