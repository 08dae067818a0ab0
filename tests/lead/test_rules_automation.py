"""Rules of automation without a database: what makes sense, what sets what off, and what is done with a lead."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lead_svc.automation.circles import triggers
from lead_svc.automation.fields import ActionKind, LeftOut, Trigger
from lead_svc.automation.policy import AutomationPolicy, Rule
from lead_svc.automation.rules import Given, apply, is_of
from lead_svc.capture.rules import fresh
from lead_svc.conditions.rules import holds
from lead_svc.leads.record import Grade, Lead, State
from shared.auth.actor import person_id
from shared.clock import EARLIEST
from shared.events.form import LeadFormSubmitted
from shared.events.lead import LeadAssigned, LeadMqlReached, LeadRegraded, LeadUpdated
from shared.events.signal import LeadSignalRecorded
from shared.ids import new_id

BOB, TEAM = person_id("bob"), new_id()


def rule(name: str = "one", *do: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "do": list(do) or [{"kind": "tell", "template": "welcome"}], "on": ["captured"]} | more


def grade(letter: str) -> dict[str, Any]:
    return {"kind": "set_grade", "grade": letter}


def where(field: str, *values: str, op: str = "is") -> list[dict[str, Any]]:
    return [{"field": field, "op": op, "values": list(values)}]


def lead(**known: Any) -> Lead:
    return fresh(new_id(), None, EARLIEST, {"captured_at": EARLIEST, **known})


def refused(*rules: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as error:
        AutomationPolicy.model_validate({"rules": rules})
    return str(error.value.errors()[0]["msg"])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (rule(on=[]), "needs something that sets it off"),
        (rule(on=[], conditions=where("region", "EMEA"), repeat="each_time"), "done once for each lead"),
        (rule("one", {"kind": "set_grade"}), "which grade"),
        (rule("one", {"kind": "set_task"}), "what is to be done"),
        (rule("one", {"kind": "tell", "template": "hello world"}), "name a template"),
        (rule("one", {"kind": "promote", "grade": "A"}), "grade is for set_grade"),
        (rule("one", {"kind": "promote", "template": "a"}), "template is for tell"),
        (rule("one", grade("A"), grade("B")), "the same twice"),
        (rule(conditions=where("grade", "Z")), "grade is one of"),
        (rule(conditions=where("email", "a@b.example")), "Input should be"),
    ],
)
def test_what_makes_no_sense_is_refused_on_saving(wrong: dict[str, Any], says: str) -> None:
    assert says in refused(wrong)


def test_each_rule_has_a_name_of_its_own() -> None:
    assert "two rules have the name one" in refused(rule(), rule())


@pytest.mark.parametrize(
    "rules",
    [
        [rule("a", grade("A"), on=["regraded"])],
        [rule("a", {"kind": "assign", "person": "bob"}, on=["assigned"])],
        [rule("a", grade("A"), on=["assigned"]), rule("b", {"kind": "assign"}, on=["regraded"])],
        [
            rule("a", grade("B"), on=["mql_reached"]),
            rule("b", {"kind": "assign"}, on=[], conditions=where("grade", "B")),
            rule("c", {"kind": "promote"}, on=["assigned"]),
        ],
        [
            rule("a", grade("B"), on=["regraded"], conditions=where("grade", "A")),
            rule("b", grade("A"), on=["regraded"], conditions=where("grade", "B")),
        ],
    ],
)
def test_rules_that_set_each_other_off_in_a_circle_are_refused(rules: list[dict[str, Any]]) -> None:
    says = refused(*rules)
    assert "in a circle" in says
    assert all(one["name"] in says for one in rules), "it names them"


@pytest.mark.parametrize(
    "rules",
    [
        [rule("a", grade("A"), on=[], conditions=where("region", "EMEA"))],
        [rule("a", grade("A"), on=["regraded"], conditions=where("grade", "A", op="is_not"))],
        [rule("a", grade("A"), on=["mql_reached"]), rule("b", {"kind": "promote"}, on=["captured"])],
        [rule("a", {"kind": "promote"}, on=[], conditions=where("state", "captured"))],
        [rule("a", {"kind": "tell", "template": "x"}, on=["assigned"]), rule("b", {"kind": "assign"}, on=["captured"])],
    ],
)
def test_rules_that_end_by_themselves_are_taken(rules: list[dict[str, Any]]) -> None:
    assert len(AutomationPolicy.model_validate({"rules": rules}).rules) == len(rules)


def test_a_rule_without_an_event_is_set_off_by_what_changes_its_conditions() -> None:
    asked = Rule.model_validate(rule(on=[], conditions=where("grade", "A") + where("region", "EMEA")))
    assert triggers(asked) == {Trigger.CAPTURED, Trigger.CHANGED, Trigger.REGRADED}
    policy = AutomationPolicy(rules=(asked,))
    assert [trigger for trigger, rules in policy.by_trigger.items() if rules] == [Trigger.CAPTURED, Trigger.CHANGED, Trigger.REGRADED]


def test_a_rule_can_be_for_some_signals_and_forms_only() -> None:
    asked = Rule.model_validate(rule(on=["signal", "form_sent"], of=["demo_requested", "contact-us"]))
    ids: dict[str, UUID] = dict.fromkeys(("lead_id", "signal_id"), new_id())
    assert is_of(asked, LeadSignalRecorded(**ids, kind="demo_requested"))
    assert not is_of(asked, LeadSignalRecorded(**ids, kind="visit"))
    assert is_of(asked, LeadFormSubmitted(**ids, form_id=new_id(), form="contact-us", form_version=1))


def test_a_rule_that_waits_for_its_conditions_is_for_changes_of_their_fields() -> None:
    asked = Rule.model_validate(rule(on=[], conditions=where("region", "EMEA")))
    named = Rule.model_validate(rule(on=["changed"], conditions=where("region", "EMEA")))
    changes = [LeadUpdated(changed=changed) for changed in (["title"], ["title", "region"])]
    assert [is_of(asked, change) for change in changes] == [False, True]
    assert [is_of(named, change) for change in changes] == [True, True]


def test_a_rule_does_all_that_it_says_in_order() -> None:
    made = Rule.model_validate(
        rule("big", grade("A"), {"kind": "promote"}, {"kind": "assign", "person": "bob"}, {"kind": "tell", "template": "big"})
    )
    draft = apply(made, lead(), Given({BOB: TEAM}, policy_version=7))
    assert (draft.lead.grade, draft.lead.state, draft.lead.owner_id, draft.lead.team_id) == (Grade.A, State.MQL, BOB, TEAM)
    assert [type(event) for event in draft.events] == [LeadRegraded, LeadMqlReached, LeadAssigned]
    assert (draft.said(), draft.left) == (dict.fromkeys(("set_grade", "promote", "assign", "tell"), "done"), {})


@pytest.mark.parametrize(
    ("action", "known", "given", "why"),
    [
        (grade("B"), {"grade": Grade.B}, {}, LeftOut.SAME_GRADE),
        (grade("B"), {"state": State.CONVERTED}, {}, LeftOut.WRONG_STATE),
        ({"kind": "promote"}, {"state": State.SQL}, {}, LeftOut.WRONG_STATE),
        ({"kind": "promote"}, {"state": State.NURTURING}, {}, LeftOut.WRONG_STATE),
        ({"kind": "promote"}, {}, {"no_mql": True}, LeftOut.CONSENT),
        ({"kind": "tell", "template": "x"}, {}, {"no_mail": True}, LeftOut.CONSENT),
        ({"kind": "tell", "template": "x", "to_person": False}, {}, {"no_mail": True}, None),
        ({"kind": "assign", "person": "gone"}, {}, {}, LeftOut.UNFIT_OWNER),
        ({"kind": "assign", "person": "bob"}, {"owner_id": BOB}, {}, LeftOut.SAME_OWNER),
        ({"kind": "assign", "person": "bob"}, {"state": State.DISQUALIFIED}, {}, LeftOut.WRONG_STATE),
        ({"kind": "assign"}, {"owner_id": BOB}, {}, LeftOut.OWNED),
        ({"kind": "assign"}, {}, {}, LeftOut.NO_RULES),
        ({"kind": "set_task", "text": "call"}, {"state": State.CONVERTED}, {}, LeftOut.WRONG_STATE),
    ],
)
def test_what_cannot_be_done_is_left_out_with_the_reason(
    action: dict[str, Any], known: dict[str, Any], given: dict[str, bool], why: LeftOut | None
) -> None:
    one = lead(**known)
    asked = Given({BOB: TEAM}, **{name: frozenset({one.id}) for name in given})
    draft = apply(Rule.model_validate(rule("one", action)), one, asked)
    assert draft.left.get(ActionKind(action["kind"])) == why
    assert (draft.lead, draft.events) == (one, [])


GRADES = st.sampled_from("ABC")
ACTIONS = st.one_of(
    st.builds(grade, GRADES),
    st.just({"kind": "promote"}),
    st.builds(lambda person: {"kind": "assign", "person": person}, st.sampled_from(["bob", "eve"])),
    st.just({"kind": "tell", "template": "x"}),
)
WHEN = st.lists(st.sampled_from(["captured", "regraded", "mql_reached", "assigned"]), min_size=1, max_size=2, unique=True)
ASKED = st.one_of(
    st.just([]),
    st.builds(lambda letter, op: where("grade", letter, op=op), GRADES, st.sampled_from(["is", "is_not"])),
    st.builds(lambda state: where("state", state), st.sampled_from(["captured", "mql"])),
)
SETS_OFF: dict[type, Trigger] = {
    LeadRegraded: Trigger.REGRADED,
    LeadMqlReached: Trigger.MQL_REACHED,
    LeadAssigned: Trigger.ASSIGNED,
}


@given(st.lists(st.tuples(ACTIONS, WHEN, ASKED), min_size=1, max_size=6), GRADES)
@settings(max_examples=150, deadline=None)
def test_no_chain_of_rules_that_are_taken_comes_back_to_where_it_was(drawn: list[Any], letter: str) -> None:
    rules = [rule(str(n), action, on=on, conditions=asked, repeat="each_time") for n, (action, on, asked) in enumerate(drawn)]
    try:
        policy = AutomationPolicy.model_validate({"rules": rules})
    except ValidationError:
        return  # a circle
    known = Given({BOB: TEAM, person_id("eve"): TEAM})

    def follow(one: Lead, trigger: Trigger, chain: tuple[str, ...]) -> None:
        for made in policy.by_trigger[trigger]:
            if holds(made.conditions, one):
                assert made.name not in chain, f"{made.name} sets itself off by {chain}"
                draft = apply(made, one, known)
                for event in draft.events:
                    follow(draft.lead, SETS_OFF[type(event)], (*chain, made.name))

    follow(lead(grade=Grade(letter)), Trigger.CAPTURED, ())
