"""Follow-ups by grade, from the first owner to the last touch: the work list has them, and what is late is told."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from clinch.run.postgres import Postgres
from lead_svc.consent.policy import POLICY as CONSENT
from lead_svc.service import service
from shared.events.lead import LeadTaskDone, LeadTaskDropped, LeadTaskDue, LeadTaskEscalated, LeadTaskOverdue, LeadTaskSet
from shared.policy import moves
from tests.client import codes, done
from tests.harness import Running
from tests.lead.desk import WHO, Desk
from tests.lead.test_consent import declare
from tests.lead.test_handover import hand_over, work
from tests.machines import driven, hold


async def plan(desk: Desk, lead: dict[str, Any], by: str = "ann") -> dict[str, Any]:
    return done(await desk.by(by).get(f"/v1/leads/{lead['id']}/cadence"), 200)


async def follow_ups(desk: Desk, lead: dict[str, Any]) -> list[dict[str, Any]]:
    return [task for task in (await plan(desk, lead))["tasks"] if task["kind"] == "follow_up"]


async def test_a_lead_with_an_owner_is_followed_up_in_the_rhythm_of_its_grade(desk: Desk) -> None:
    lead = await desk.lead()
    (task,) = await follow_ups(desk, lead)
    assert task["due_at"] == "2026-04-02T09:00:00Z", "a month later, when work begins"
    assert (task["attempt"], task["attempts"], task["operation_id"]) == (1, 3, "log_interaction")
    assert task["hint"] == {"en": "Trends of their market, and light reading.", "zh": "行业趋势与轻量内容。"}
    await desk.meet(lead)
    await desk.bant(lead, need="confirmed")
    (hotter,) = await follow_ups(desk, lead)
    assert (hotter["grade"], hotter["due_at"]) == ("B", "2026-03-09T09:00:00Z"), "a week after the last touch"


async def test_a_touch_does_it_and_plans_the_next_one_and_no_version_moves(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    (first,) = await follow_ups(desk, lead)
    svc.clock.advance(days=10)
    before = (await desk.see(lead))["version"]
    done(await desk.meet(lead, outcome="no_response"), 201)
    (second,) = await follow_ups(desk, lead)
    assert (await desk.see(lead))["version"] == before + 1, "the contact alone"
    assert second["id"] != first["id"]
    assert (second["due_at"], second["attempt"]) == ("2026-04-13T09:00:00Z", 2)
    (told,) = await svc.told(LeadTaskDone)
    assert (str(told.subject), told.time) == (first["id"], svc.clock.now)


async def test_a_contact_that_is_entered_after_a_later_one_changes_no_plan(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    svc.clock.advance(days=10)
    await desk.meet(lead)
    (task,) = await follow_ups(desk, lead)
    await desk.meet(lead, at=(svc.clock.now - timedelta(days=5)).isoformat())
    assert await follow_ups(desk, lead) == [task]


async def test_three_attempts_without_an_answer_end_it(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    for _ in range(3):
        done(await desk.meet(lead, outcome="no_response"), 201)
        svc.clock.advance(days=1)
    assert (await desk.see(lead))["state"] == "disqualified"
    known = await plan(desk, lead)
    assert (known["tasks"], known["reason"]) == ([], "closed")
    assert len(await svc.told(LeadTaskSet)) == len(await svc.told(LeadTaskDone)) == 3
    assert await svc.told(LeadTaskDropped) == []


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (("nurture", {"reason": "later", "wake_at": "2026-05-01T08:00:00Z"}), "put_aside"),
        (("disqualify", {"reason": "need_mismatch"}), "closed"),
        (("assign", {"owner_id": None}), "no_owner"),
    ],
)
async def test_what_takes_a_lead_out_of_hand_drops_it_and_says_why(
    desk: Desk, svc: Running, step: tuple[str, dict[str, Any]], reason: str
) -> None:
    lead = await desk.lead()
    action, body = step
    await desk.act(lead, action, **body)
    known = await plan(desk, lead, "max")
    assert ([task["kind"] for task in known["tasks"]], known["reason"]) == (["wake_up"] if action == "nurture" else [], reason)
    assert len(await svc.told(LeadTaskDropped)) == 1


async def test_who_takes_a_lead_up_again_touches_it_at_once(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    await desk.act(lead, "nurture", reason="later", wake_at="2026-04-04T08:00:00Z")
    svc.clock.advance(days=40)
    await svc.fire_due()
    (task,) = await follow_ups(desk, lead)
    assert task["due_at"] == "2026-04-13T09:00:00Z", "woken on a Saturday, and seen on 11 April, which is one too"


async def test_late_ones_are_told_as_due_overdue_and_escalated_each_once_and_at_its_time(desk: Desk, svc: Running) -> None:
    await desk.lead()
    for days in (30, 1, 1, 1, 1, 30):
        svc.clock.advance(days=days)
        await svc.fire_due()
    (due,), (overdue,), (escalated,) = [await svc.told(event) for event in (LeadTaskDue, LeadTaskOverdue, LeadTaskEscalated)]
    assert [e.time.isoformat() for e in (due, overdue, escalated)] == [
        "2026-04-02T09:00:00+00:00",
        "2026-04-02T17:00:00+00:00",
        "2026-04-06T15:00:00+00:00",
    ], "eight, and twenty-four working hours later, over a weekend"
    assert escalated.data.manager_id == svc.person("manager", "max")  # type: ignore[attr-defined]
    (listed,) = done(await desk.by("max").get("/v1/leads/tasks", params={"escalated": "true"}), 200)["items"]
    assert listed["overdue"]


async def test_what_was_imported_or_is_old_is_followed_up_once_somebody_asks_or_works_on_it(desk: Desk, svc: Running) -> None:
    old = (svc.clock.now - timedelta(days=200)).isoformat()
    asked, worked = [await desk.lead(captured_at=old, company=name) for name in ("Asked", "Worked")]
    for lead in (asked, worked):
        assert [(await plan(desk, lead))[name] for name in ("tasks", "reason")] == [[], "history"]
    due_at = "2026-03-05T10:00:00Z"
    said = done(await desk.by("ann").put(f"/v1/leads/{asked['id']}/follow-up", json={"due_at": due_at}), 200)
    assert ([task["due_at"] for task in said["tasks"]], said["reason"]) == ([due_at], None)
    await desk.meet(worked)
    assert len(await follow_ups(desk, worked)) == 1
    assert await svc.told(LeadTaskOverdue) == []


async def test_the_owner_says_another_time_for_the_same_task(desk: Desk) -> None:
    lead = await desk.lead()
    (before,) = await follow_ups(desk, lead)
    path = f"/v1/leads/{lead['id']}/follow-up"
    said = done(await desk.by("ann").put(path, json={"due_at": "2026-03-04T10:00:00Z"}), 200)
    assert [(task["id"], task["due_at"]) for task in said["tasks"]] == [(before["id"], "2026-03-04T10:00:00Z")]
    refused = done(await desk.by("ann").put(path, json={"due_at": "2026-03-01T10:00:00Z"}), 422)
    assert refused["errors"][0]["pointer"] == "/due_at"
    assert (await desk.by("bob").put(path, json={"due_at": "2026-03-05T10:00:00Z"})).status_code == 404, "it is not theirs to see"
    await desk.act(lead, "assign", owner_id=None)
    assert codes(await desk.by("max").put(path, json={"due_at": "2026-03-05T10:00:00Z"})) == {"owner"}


async def test_another_owner_takes_over_the_same_follow_up(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    (task,) = await follow_ups(desk, lead)
    await desk.act(lead, "assign", "max", owner_id=desk.id("bob"))
    (same,) = (await plan(desk, lead, "bob"))["tasks"][1:]
    assert (same["id"], same["due_at"], same["assignee_id"]) == (task["id"], task["due_at"], desk.id("bob"))


async def test_a_hand_over_starts_nothing(desk: Desk, svc: Running) -> None:
    lead = await desk.lead()
    old = await desk.lead(captured_at=(svc.clock.now - timedelta(days=200)).isoformat())
    await hand_over(desk, kinds=["leads"])
    await work(svc)
    assert [task["kind"] for task in (await plan(desk, lead, "bob"))["tasks"]] == ["follow_up"]
    assert (await plan(desk, old, "bob"))["reason"] == "history"


async def test_who_takes_consent_back_is_followed_up_no_more_with_none_of_their_leads(desk: Desk, svc: Running) -> None:
    mine = await desk.lead(**WHO)
    given = await desk.lead("admin", owner_id=desk.id("bob"), company="Elsewhere", email=" ANNA@Acme.Example ")
    other = await desk.lead(email="otto@acme.example")
    await declare(desk, mine)
    for lead, by in ((mine, "ann"), (given, "bob")):
        assert [(await plan(desk, lead, by))[name] for name in ("tasks", "reason")] == [[], "no_consent"]
    assert len(await svc.told(LeadTaskDropped)) == 2
    assert (await plan(desk, given, "bob"))["first_response"]["state"] == "stopped"
    assert len(await follow_ups(desk, other)) == 1
    done(await desk.meet(mine, direction="inbound"), 201)
    again = await desk.lead(email="anna@acme.example")
    assert [(await plan(desk, lead))["reason"] for lead in (mine, again)] == ["no_consent"] * 2, "also when they are captured again"
    path = f"/v1/leads/{mine['id']}/follow-up"
    assert codes(await desk.by("ann").put(path, json={"due_at": "2026-03-05T10:00:00Z"})) == {"consent_withdrawn"}
    await declare(desk, mine, decision="granted", text_version="2026-01")
    for lead, by in ((mine, "ann"), (given, "bob"), (again, "ann")):
        (task,) = [task for task in (await plan(desk, lead, by))["tasks"] if task["kind"] == "follow_up"]
        assert task["due_at"] == "2026-04-02T09:00:00Z"


async def test_an_opt_out_stops_the_other_leads_of_the_person_too(desk: Desk) -> None:
    lead, other = await desk.lead(**WHO), await desk.lead(email=WHO["email"])
    await desk.act(lead, "disqualify", reason="opt_out")
    assert [(await plan(desk, one))["reason"] for one in (lead, other)] == ["closed", "no_consent"]


async def test_a_contact_who_takes_consent_back_speaks_for_the_leads_about_them(desk: Desk) -> None:
    account = done(await desk.by("ann").post("/v1/accounts", json={"name": "Acme Ltd"}), 201)
    contact = done(await desk.by("ann").post("/v1/contacts", json={"account_id": account["id"], "name": "Anna Berg"}), 201)
    about, phoned = await desk.lead(), await desk.lead(phone="030 123 45 67")
    await desk.attempt(about, "", method="PATCH", account_id=account["id"], contact_id=contact["id"])
    await declare(desk, contact, of="contacts")
    await declare(desk, await desk.lead(phone="+49 30 1234567"))
    assert [(await plan(desk, lead))["reason"] for lead in (about, phoned)] == ["no_consent"] * 2
    await declare(desk, contact, of="contacts", decision="granted", text_version="2026-01")
    assert len(await follow_ups(desk, about)) == 1


async def test_another_address_is_another_person(desk: Desk) -> None:
    await declare(desk, await desk.lead(**WHO))
    lead = await desk.lead(email="otto@acme.example")
    await desk.attempt(lead, "", method="PATCH", email=WHO["email"])
    assert (await plan(desk, lead))["reason"] == "no_consent"
    await desk.attempt(lead, "", method="PATCH", email="otto@acme.example")
    assert len(await follow_ups(desk, lead)) == 1


async def test_a_policy_that_needs_consent_first_stops_what_is_planned_if_it_says_so(desk: Desk, svc: Running) -> None:
    lead = await desk.lead(**WHO)
    await desk.policy(CONSENT, running="move", opt_in=True)
    followed = next(policy for policy in svc.service.policies if policy.name == CONSENT.name)
    while await moves.step({CONSENT.name: followed}, svc.db, svc.clock):
        pass
    assert [(await plan(desk, lead))[name] for name in ("tasks", "reason")] == [[], "no_consent"]
    await declare(desk, lead, decision="granted", text_version="2026-01")
    assert len(await follow_ups(desk, lead)) == 1


async def test_who_is_away_has_nothing_to_follow_up_before_they_are_back(desk: Desk, svc: Running) -> None:
    days = {"first_day": "2026-03-30", "last_day": "2026-04-03"}
    done(await desk.by("ann").post(f"/v1/team/people/{desk.id('ann')}/absences", json=days), 201)
    lead = await desk.lead()
    assert [task["due_at"] for task in await follow_ups(desk, lead)] == ["2026-04-06T09:00:00Z"], "not on 2 April"
    (of_bob,) = (await plan(desk, await desk.lead("bob"), "bob"))["tasks"]
    assert of_bob["due_at"] == "2026-04-02T09:00:00Z"


async def test_the_work_list_is_mine_the_teams_or_nobody_elses(desk: Desk, svc: Running) -> None:
    mine = [await desk.lead(company=f"Acme {n}") for n in range(2)]
    await desk.lead("sue", company="South")
    await desk.act(mine[1], "nurture", reason="later", wake_at="2026-03-05T08:00:00Z")
    listed = done(await desk.by("ann").get("/v1/leads/tasks", params={"assignee": "me", "due[lt]": "2026-05-01T00:00:00Z"}), 200)["items"]
    assert [(task["kind"], task["company"], task["operation_id"]) for task in listed] == [
        ("wake_up", "Acme 1", "reactivate_lead"),
        ("follow_up", "Acme 0", "log_interaction"),
    ]
    assert done(await desk.by("max").get("/v1/leads/tasks", params={"assignee": "me"}), 200)["items"] == []
    assert len(done(await desk.by("max").get("/v1/leads/tasks"), 200)["items"]) == 2
    assert len(done(await desk.by("eva").get("/v1/leads/tasks", params={"count": "exact"}), 200)["items"]) == 3
    for who, sees in (("ann", 2), ("bob", 0), ("sue", 1)):
        assert len(done(await desk.by(who).get("/v1/leads/tasks"), 200)["items"]) == sees


class Worked(RuleBasedStateMachine):
    """One lead, whatever happens to it in any order: there is one open follow-up, or a reason why there is none."""

    def __init__(self, svc: Running, loop: asyncio.AbstractEventLoop, desk: Desk) -> None:
        super().__init__()
        self.svc, self.loop, self.desk = svc, loop, desk
        self.lead = self._do(desk.lead())
        self.wanted = True

    def _do(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(what)

    @rule(outcome=st.sampled_from(["reached", "no_response", "sent"]), ago=st.sampled_from([0, 0, 3, 20]))
    def contact(self, outcome: str, ago: int) -> None:
        self._do(self.desk.meet(self.lead, "admin", outcome=outcome, at=(self.svc.clock.now - timedelta(days=ago)).isoformat()))

    @rule()
    def come_back(self) -> None:
        self._do(self.desk.meet(self.lead, "admin", direction="inbound"))

    @rule(days=st.integers(1, 40))
    def put_aside(self, days: int) -> None:
        wake_at = (self.svc.clock.now + timedelta(days=days)).isoformat()
        self._do(self.desk.attempt(self.lead, "nurture", "admin", reason="later", wake_at=wake_at))

    @rule()
    def give_up(self) -> None:
        self._do(self.desk.attempt(self.lead, "disqualify", "admin", reason="no_budget"))

    @rule()
    def take_up(self) -> None:
        self._do(self.desk.attempt(self.lead, "reactivate", "admin", reason="fair"))

    @rule(owner=st.sampled_from(["ann", "bob", None]))
    def assign(self, owner: str | None) -> None:
        self._do(self.desk.attempt(self.lead, "assign", "admin", owner_id=owner and str(self.svc.person(subject=owner))))

    @rule(grade=st.sampled_from("ABC"))
    def grade(self, grade: str) -> None:
        self._do(self.desk.attempt(self.lead, "grade", "admin", method="PUT", grade=grade))

    @rule(wanted=st.booleans())
    def declare(self, wanted: bool) -> None:
        said = {"decision": "granted", "text_version": "2026-01"} if wanted else {"decision": "withdrawn"}
        self._do(declare(self.desk, self.lead, by="admin", **said))
        self.wanted = wanted

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self.svc.clock.advance(days=days)
        self._do(self.svc.fire_due())

    @invariant()
    def a_task_or_a_reason(self) -> None:
        self._do(self._hold())

    async def _hold(self) -> None:
        known, lead = await plan(self.desk, self.lead, "admin"), await self.desk.see(self.lead)
        planned = [task for task in known["tasks"] if task["kind"] == "follow_up"]
        held = lead["state"] in ("captured", "mql", "sql") and lead["owner_id"] is not None
        assert len(planned) == (held and self.wanted), (lead["state"], lead["owner_id"], known)
        assert (known["reason"] is None) == bool(planned)
        assert (known["reason"] == "no_consent") == (held and not self.wanted)
        assert known["reason"] != "history"
        async with self.svc.db.read() as db:
            for check in self.svc.service.checks:
                if "follow" in check.says or "wake-up" in check.says:
                    assert await db.rows(check.sql) == [], check.says
            waiting = await db.rows(
                "SELECT t.id FROM task t WHERE t.state = 'open' AND t.escalated_at IS NULL "
                "AND (t.kind <> 'wake_up' OR t.reminded_at IS NULL) AND NOT EXISTS "
                "(SELECT FROM timer WHERE subject = t.id AND fired_at IS NULL AND cancelled_at IS NULL)"
            )
            assert waiting == [], "each open task is looked at again"


def test_every_open_lead_has_a_task_or_a_reason_whatever_happens(postgres: Postgres) -> None:
    with driven(service, postgres) as (svc, loop):
        desk = Desk(svc)
        loop.run_until_complete(desk.hire())
        hold(lambda: Worked(svc, loop, desk), examples=12, steps=12)
