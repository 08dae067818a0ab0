"""Automation: what happens to leads sets rules off, in the same transaction, for many at once."""

from dataclasses import replace
from typing import Any

import pytest

from lead_svc.assignment.policy import POLICY as ASSIGNMENT
from lead_svc.assignment.policy import AssignmentPolicy
from lead_svc.automation.policy import POLICY, AutomationPolicy
from lead_svc.capture.commands import capture_many
from lead_svc.capture.rules import NewLead
from lead_svc.consent.policy import POLICY as CONSENT
from lead_svc.imports.api import run_imports
from shared import verify
from shared.auth import SYSTEM
from shared.db.context import Context
from shared.events.automation import LeadAutomationFired
from shared.events.lead import LeadAssigned, LeadMqlReached, LeadRegraded
from shared.policy.store import begin
from tests.client import done
from tests.harness import Running
from tests.importing import imported
from tests.lead.desk import WHO, Desk
from tests.lead.test_merging import merge
from tests.statements import counted

Rules = list[dict[str, Any]]


def rule(name: str, *do: dict[str, Any], on: str = "captured", **more: Any) -> dict[str, Any]:
    return {"name": name, "do": list(do), "on": [on] if on else [], **more}


def where(field: str, *values: str) -> list[dict[str, Any]]:
    return [{"field": field, "op": "is", "values": list(values)}]


MAIL = {"kind": "tell", "template": "welcome/1"}


async def activate(svc: Running, *rules: dict[str, Any]) -> None:
    """The rules, as the first version of the policy."""
    document = AutomationPolicy.model_validate({"rules": rules})
    await begin(svc.db, [replace(POLICY, begins=lambda _: document)], Context("lead-svc", SYSTEM, svc.clock(), "test"))
    svc.db.policies.forget()


async def fired(svc: Running) -> list[LeadAutomationFired]:
    return [event.data for event in await svc.told(LeadAutomationFired)]


async def test_a_rule_does_what_it_says_and_stands_in_the_timeline(desk: Desk, svc: Running) -> None:
    task = {"kind": "set_task", "text": "Send the price list", "hours": 4}
    big = rule("big customers", {"kind": "set_grade", "grade": "A"}, {"kind": "promote"}, {"kind": "assign", "person": "bob"}, task, MAIL)
    await activate(svc, big | {"conditions": where("size", "large")})
    small, large = await desk.lead(size="small"), await desk.lead("admin", size="Large", **WHO)
    assert (large["grade"], large["state"], large["owner_id"]) == ("A", "mql", desk.id("bob")), "the answer is what followed"
    assert (small["grade"], small["state"], small["version"]) == ("C", "captured", 1)
    (told,) = await fired(svc)
    assert (str(told.lead_id), told.rule, told.trigger, told.depth) == (large["id"], "big customers", "captured", 1)
    assert (told.actions, told.templates, told.left_out) == (["set_grade", "promote", "assign", "set_task", "tell"], ["welcome/1"], {})
    assert "anna" not in told.model_dump_json().lower(), "nothing of the person is told"
    steps = (LeadRegraded, LeadMqlReached, LeadAssigned)
    assert tuple(type(e.data) for e in await svc.told(*steps)) == steps
    entries = (await desk.ask("bob", "GET", f"/v1/leads/{large['id']}/timeline"))["items"]
    says = [entry["summary"] for entry in entries]
    assert "By the rule big customers: set grade, promote, assign, set task, tell welcome/1" in says
    assert "MQL by the rule big customers" in says
    work = (await desk.ask("bob", "GET", "/v1/leads/tasks", assignee="me", kind="to_do"))["items"]
    assert [(w["lead_id"], w["text"], w["due_at"], w["operation_id"]) for w in work] == [
        (large["id"], "Send the price list", "2026-03-02T13:00:00Z", "log_interaction")
    ]
    await desk.meet(large, "bob")
    assert (await desk.ask("bob", "GET", "/v1/leads/tasks", kind="to_do"))["items"] == [], "a contact does it"
    async with svc.db.connection() as conn:
        assert [f.offenders async for f in verify.run(conn, verify.atomicity(svc.service.metadata))] == [0]


async def test_a_rule_without_an_event_fires_when_the_lead_comes_to_meet_it_and_once(desk: Desk, svc: Running) -> None:
    await activate(svc, rule("emea", MAIL, on="", conditions=where("region", "EMEA")))
    lead = await desk.lead(**WHO)
    assert await fired(svc) == []
    for region in ("emea", "APAC", "EMEA"):
        lead = await desk.act(lead, "", method="PATCH", region=region)
    assert [(f.trigger, f.templates) for f in await fired(svc)] == [("changed", ["welcome/1"])]


async def test_a_rule_can_fire_each_time_and_for_some_signals_only(desk: Desk, svc: Running) -> None:
    await activate(svc, rule("demo", MAIL, on="signal", of=["demo_requested"], repeat="each_time"))
    lead = await desk.lead(**WHO)
    kinds = ("demo_requested", "visit", "demo_requested")
    items = [{"signal_id": f"web-{n}", "kind": kind, "lead_id": lead["id"]} for n, kind in enumerate(kinds)]
    await desk.ask("marketing", "POST", "/v1/signals/bulk", {"items": items[:2]}, expect=207)
    await desk.ask("marketing", "POST", "/v1/signals", items[2], expect=201)
    assert [f.trigger for f in await fired(svc)] == ["signal", "signal"]


async def test_rules_set_each_other_off_at_most_five_long(desk: Desk, svc: Running) -> None:
    def grade(letter: str) -> dict[str, Any]:
        return {"kind": "set_grade", "grade": letter}

    await activate(
        svc,
        rule("1", grade("A")),
        rule("2", {"kind": "promote"}, on="regraded", conditions=where("grade", "A")),
        rule("3", grade("B"), on="mql_reached"),
        rule("4", {"kind": "assign", "person": "bob"}, on="regraded", conditions=where("grade", "B")),
        rule("5", grade("C"), on="assigned", conditions=where("grade", "B")),
        rule("6", MAIL, on="regraded", conditions=where("grade", "C")),
    )
    lead = await desk.lead("admin", **WHO)
    assert [(f.rule, f.depth) for f in await fired(svc)] == [(str(n), n) for n in range(1, 6)]
    assert (lead["grade"], lead["state"], lead["owner_id"]) == ("C", "mql", desk.id("bob"))


async def test_consent_is_asked_before_an_mql_and_before_somebody_is_written_to(desk: Desk, svc: Running) -> None:
    both = rule("both", {"kind": "promote"}, MAIL, {"kind": "set_grade", "grade": "B"}, on="intent_recorded")
    await activate(svc, both)
    lead = await desk.lead(**WHO)
    for purpose in ("contact", "marketing"):
        said = {"purpose": purpose, "decision": "withdrawn"}
        done(await desk.by("ann").post(f"/v1/leads/{lead['id']}/consents", json=said), 201)
    after = await desk.act(lead, "intent", level="high")
    assert (after["state"], after["grade"]) == ("captured", "B")
    (told,) = await fired(svc)
    assert (told.actions, told.templates, told.left_out) == (["set_grade"], [], {"promote": "consent", "tell": "consent"})


async def test_nothing_fires_for_history_unless_asked(desk: Desk, svc: Running) -> None:
    await activate(svc, rule("new", MAIL), rule("old too", MAIL, history=True), rule("any change", MAIL, on="changed"))
    await desk.lead(captured_at="2025-06-01T00:00:00Z", **WHO)
    text = "external_id,company\nL-1,Acme\n"
    mapped = ["external_id=external_id", "company=company"]
    await imported(svc, desk.by("admin"), "/v1/imports/leads", run_imports, text, map=mapped)
    await imported(svc, desk.by("admin"), "/v1/imports/leads", run_imports, text.replace("Acme", "Acme Ltd"), map=mapped)
    assert [f.rule for f in await fired(svc)] == ["old too", "old too"]
    await desk.lead(email="new@acme.example")
    assert [f.rule for f in await fired(svc)][2:] == ["new", "old too"]


async def test_old_leads_do_not_come_to_meet_a_rule_unless_asked(desk: Desk, svc: Running) -> None:
    said = {"on": "", "conditions": where("region", "EMEA")}
    await activate(svc, rule("new ones", MAIL, **said), rule("all", MAIL, history=True, **said), rule("event", MAIL, on="changed"))
    old = await desk.lead(captured_at="2025-06-01T00:00:00Z", **WHO)
    old = await desk.act(old, "", method="PATCH", title="Forty seats")
    await desk.act(old, "", method="PATCH", region="EMEA")
    assert [f.rule for f in await fired(svc)] == ["event", "all"]


async def test_somebody_who_cannot_own_leads_is_passed_by(desk: Desk, svc: Running) -> None:
    await activate(svc, rule("gone", {"kind": "assign", "person": "nobody"}, {"kind": "set_grade", "grade": "B"}))
    lead = await desk.lead("admin", **WHO)
    assert (lead["owner_id"], lead["grade"]) == (None, "B")
    assert [f.left_out for f in await fired(svc)] == [{"assign": "unfit_owner"}]


async def test_many_leads_take_the_same_few_statements(desk: Desk, svc: Running) -> None:
    task = {"kind": "set_task", "text": "call"}
    all_of_it = rule("all", {"kind": "set_grade", "grade": "B"}, {"kind": "promote"}, {"kind": "assign", "person": "bob"}, task, MAIL)
    await activate(svc, all_of_it, rule("next", {"kind": "tell", "template": "x"}, on="regraded"))
    counts = []
    for many in (10, 200):  # of a few, what was just written is known without reading
        async with svc.transaction() as tx:
            with counted() as statements:
                await capture_many(tx, [NewLead(said={"email": f"{many}.{n}@acme.example"}) for n in range(many)])
                await tx.flush()
            counts.append(len(statements))
    assert counts[0] == counts[1]
    assert len(await fired(svc)) == 2 * 210


@pytest.mark.parametrize("rules", [[], [rule("other", MAIL, on="qualified")]])
async def test_without_a_rule_for_it_nothing_costs_a_statement(desk: Desk, svc: Running, rules: Rules) -> None:
    counts = []
    for given in (None, rules):
        if given is not None:
            await activate(svc, *given)
        async with svc.transaction() as tx:
            with counted() as statements:
                await capture_many(tx, [NewLead(said={"email": f"{len(counts)}@acme.example"})])
                await tx.flush()
            counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_saving_refuses_what_would_go_in_a_circle(desk: Desk, svc: Running) -> None:
    await activate(svc)
    circle = [rule("there", {"kind": "set_grade", "grade": "A"}, on="assigned"), rule("back", {"kind": "assign"}, on="regraded")]
    refused = await desk.raw("sales_ops", "POST", "/v1/policies/automation/versions", {"document": {"rules": circle}})
    assert refused.status_code == 422
    assert "in a circle: there, back, there" in refused.text


@pytest.mark.parametrize(("lifts", "done_by_it", "told"), [(True, ["promote", "tell"], ["welcome/1"]), (False, ["promote"], [])])
async def test_a_form_sets_a_rule_off_with_the_consent_that_came_with_it(
    desk: Desk, svc: Running, lifts: bool, done_by_it: list[str], told: list[str]
) -> None:
    """Where the policy says that a tick in a form lifts a withdrawal; otherwise nobody is written to."""
    if lifts:
        await desk.policy(CONSENT, form_lifts=True)
    await activate(svc, rule("thanks", {"kind": "promote"}, MAIL, on="form_sent", of=["contact-us"]))
    email = {"name": "email", "label": "E-mail", "lead_field": "email", "required": True}
    text = {"purpose": "marketing", "text": "You may write to me.", "text_version": "1"}
    for key in ("contact-us", "another"):
        await desk.ask("marketing", "POST", "/v1/forms", {"key": key, "name": key, "fields": [email], "consents": [text]}, expect=201)
    lead = await desk.lead(email="kim@form.example")
    done(await desk.by("ann").post(f"/v1/leads/{lead['id']}/consents", json={"purpose": "marketing", "decision": "withdrawn"}), 201)
    svc.clock.advance(minutes=1)
    sent = {"email": "kim@form.example", "consent_marketing": "1"}
    for key in ("another", "contact-us"):
        done(await desk.by("admin").post(f"/v1/forms/{key}", json=sent), 202)
    await svc.fire_due()
    assert [(f.trigger, f.actions, f.templates) for f in await fired(svc)] == [("form_sent", done_by_it, told)]
    assert (await desk.see(lead))["state"] == "mql"


async def test_what_two_leads_meet_together_is_done_when_they_are_merged(desk: Desk, svc: Running) -> None:
    await activate(svc, rule("both", MAIL, on="", conditions=where("region", "EMEA") + where("size", "large")))
    one, other = await desk.lead(region="EMEA", **WHO), await desk.lead(size="large", **WHO)
    assert await fired(svc) == []
    await merge(desk, one, other)
    assert [(str(f.lead_id), f.trigger) for f in await fired(svc)] == [(one["id"], "changed")]


async def test_a_rule_can_leave_it_to_the_rules_of_assignment_who_gets_the_lead(desk: Desk, svc: Running) -> None:
    assignment = AssignmentPolicy.model_validate(
        {"rules": [{"name": "asked", "people": [{"person": "sue"}], "conditions": where("grade", "A")}]}
    )
    await begin(svc.db, [replace(ASSIGNMENT, begins=lambda _: assignment)], Context("lead-svc", SYSTEM, svc.clock(), "test"))
    await activate(svc, rule("hot", {"kind": "set_grade", "grade": "A"}, {"kind": "assign"}, on="intent_recorded"))
    mine, pooled = await desk.lead(**WHO), await desk.lead("admin", email="kim@acme.example")
    assert pooled["owner_id"] is None
    after = [await desk.act(lead, "intent", "max", level="high") for lead in (mine, pooled)]
    assert [lead["owner_id"] for lead in after] == [desk.id("ann"), desk.id("sue")]
    assert [f.left_out for f in await fired(svc)] == [{"assign": "owned"}, {}]
    (told,) = [e.data for e in await svc.told(LeadAssigned)]
    assert (told.rule, told.rule_name) == ("rule", "asked")
