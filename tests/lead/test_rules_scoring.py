"""What a score is made of: facts about a lead, what it did and when, and the lines that add up to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from lead_svc.capture.rules import fresh
from lead_svc.conditions.fields import Condition
from lead_svc.leads.record import Lead, State
from lead_svc.scoring.policy import AttributeRule, BehaviourRule, Limits, Repeat, ScoringPolicy, Standard
from lead_svc.scoring.rules import Part, Sign, crossed, explain, reaches_mql
from shared.ids import new_id

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def lead(**known: Any) -> Lead:
    return replace(fresh(new_id(), None, NOW), captured_at=NOW, **known)


def fact(
    name: str, points: int, field: str = "region", op: Any = "is", *values: Any, standard: Standard = Standard.NEED_FIT
) -> AttributeRule:
    return AttributeRule(name=name, points=points, standard=standard, conditions=(Condition(field=field, op=op, values=values),))


def sign(kind: str, days_ago: float, value: int | None = None) -> Sign:
    return Sign(kind, NOW - timedelta(days=days_ago), value)


def did(**given: Any) -> BehaviourRule:
    return BehaviourRule(**{"name": "visits", "kinds": ("visit",), "points": 10, "counts_past": True, **given})


def points(model: ScoringPolicy, *signs: Sign, of: Lead | None = None, at: datetime = NOW) -> int:
    return explain(of or lead(), sorted(signs, key=lambda one: one.at), model, at).points


def test_facts_give_points_as_long_as_they_hold() -> None:
    model = ScoringPolicy(
        attributes=(fact("EMEA", 15, "region", "is", "EMEA"), fact("a director", 20, "job_title", "contains", "director"))
    )
    found = explain(lead(region="emea", job_title="Sales Director"), (), model, NOW)
    assert (found.points, [(line.rule, line.points, line.why) for line in found.lines]) == (
        35,
        [("EMEA", 15, "region is EMEA"), ("a director", 20, "job_title contains director")],
    )
    assert explain(lead(region="APAC"), (), model, NOW).points == 0


def test_each_part_of_the_standard_has_its_most() -> None:
    rules = tuple(fact(f"fits {n}", 30, "region", "known") for n in range(2))
    power = fact("large", 10, "size", "is", "large", standard=Standard.PURCHASING_POWER)
    found = explain(lead(region="EMEA", size="large"), (), ScoringPolicy(attributes=(*rules, power)), NOW)
    assert found.points == 40 + 10
    assert found.lines[-1].points == -20


def test_points_are_halved_after_each_full_half_life_and_not_in_between() -> None:
    model = ScoringPolicy(behaviours=(did(half_life_days=30),))
    seen = [points(model, sign("visit", age)) for age in (0, 29.9, 30, 59, 60, 90, 120, 4000)]
    assert seen == [10, 10, 5, 5, 2, 1, 0, 0]
    assert explain(lead(), [sign("visit", 31)], model, NOW).next_at == NOW + timedelta(days=29)
    assert explain(lead(), [sign("visit", 4000)], model, NOW).next_at is None


def test_behaviour_that_never_ages_has_no_next_step() -> None:
    model = ScoringPolicy(behaviours=(did(half_life_days=None),))
    found = explain(lead(), [sign("visit", 3650)], model, NOW)
    assert (found.points, found.next_at) == (10, None)


@pytest.mark.parametrize(("repeat", "counted"), [(Repeat.EVERY, 4), (Repeat.WINDOW, 3), (Repeat.ONCE, 1)])
def test_the_repeat_policy_of_a_rule_says_how_often_the_same_counts(repeat: Repeat, counted: int) -> None:
    model = ScoringPolicy(behaviours=(did(repeat=repeat, most=2, window_days=7, half_life_days=None),))
    signs = [sign("visit", days) for days in (9, 3, 2, 1)]
    found = explain(lead(), signs, model, NOW)
    assert found.points == 10 * counted
    (line,) = found.lines
    assert (line.repeat, f"{counted} of visit" in line.why) == (repeat, True)


def test_signals_before_a_rule_was_effective_do_not_count_unless_it_says_so() -> None:
    since = did(counts_past=False, effective_from=NOW - timedelta(days=1))
    assert points(ScoringPolicy(behaviours=(since,)), sign("visit", 2), sign("visit", 0.5)) == 10
    for wrong in ({"counts_past": False}, {"effective_from": NOW}):
        with pytest.raises(ValidationError, match="say either from when on"):
            did(**wrong)


def test_a_rule_may_ask_for_a_value() -> None:
    model = ScoringPolicy(behaviours=(did(name="long", kinds=("dwell",), at_least=60),))
    assert points(model, sign("dwell", 1, 59), sign("dwell", 1), sign("visit", 1, 99)) == 0
    assert points(model, sign("dwell", 1, 60)) == 10


def test_what_a_lead_is_and_what_it_did_are_apart_and_neither_makes_an_mql_alone() -> None:
    model = ScoringPolicy(behaviours=(did(repeat=Repeat.EVERY, half_life_days=None),), limits=Limits(behaviour=50))
    found = explain(lead(), [sign("visit", n) for n in range(20, 0, -1)], model, NOW)
    assert (found.points, {line.part for line in found.lines}) == (50, {Part.BEHAVIOUR})


def test_a_score_is_never_negative_and_says_so() -> None:
    found = explain(lead(), (), ScoringPolicy(attributes=(fact("a student", -50, "job_title", "unknown"),)), NOW)
    assert (found.points, sum(line.points for line in found.lines)) == (0, 0)


def test_the_lines_add_up_to_the_score_and_its_order_of_arrival_does_not_matter() -> None:
    random = Random(7)
    for _ in range(300):
        behaviours = tuple(
            did(
                name=f"rule {n}", kinds=random.choice([("visit",), ("visit", "form"), ("form",)]), points=random.randint(-20, 40),
                repeat=random.choice(list(Repeat)), most=random.randint(1, 3), window_days=random.randint(1, 20),
                half_life_days=random.choice([None, 5, 30]),
            )
            for n in range(random.randint(0, 4))
        )  # fmt: skip
        attributes = tuple(fact(f"fact {n}", random.randint(-30, 40), "region", random.choice(["known", "unknown"])) for n in range(3))
        model = ScoringPolicy(attributes=attributes, behaviours=behaviours, limits=Limits(need_fit=random.randint(0, 60)))
        signs = [sign(random.choice(["visit", "form", "mail"]), random.random() * 100) for _ in range(random.randint(0, 12))]
        of = lead(region=random.choice(["EMEA", None]))
        found = explain(of, sorted(signs, key=lambda one: one.at), model, NOW)
        assert found.points == sum(line.points for line in found.lines) >= 0
        if found.next_at:
            assert found.next_at > NOW
            assert points(model, *signs, of=of, at=found.next_at - timedelta(microseconds=1)) == found.points


def test_the_threshold_and_steps_are_told_and_nothing_in_between() -> None:
    model = ScoringPolicy(threshold=50, step=20)
    assert [crossed(*pair, model) for pair in ((0, 19), (19, 20), (41, 49), (49, 50), (50, 59), (61, 59), (50, 49))] == [
        False, True, False, True, False, True, True,
    ]  # fmt: skip


def test_only_a_captured_lead_becomes_an_mql_by_its_score() -> None:
    model = ScoringPolicy(threshold=50)
    assert [state for state in State if reaches_mql(lead(state=state), 50, model)] == [State.CAPTURED]
    assert not reaches_mql(lead(), 49, model)


@pytest.mark.parametrize("field", ["score", "state", "prediction"])
def test_a_score_does_not_follow_from_itself(field: str) -> None:
    with pytest.raises(ValidationError, match="a score cannot depend"):
        fact("circle", 5, field, "known")


def test_rules_have_names_of_their_own() -> None:
    with pytest.raises(ValidationError, match="two rules are called visits"):
        ScoringPolicy(behaviours=(did(), did()))
