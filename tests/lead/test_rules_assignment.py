"""Whose turn it is, what rules say of a lead, and which rules are refused when they are saved."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lead_svc.assignment.board import Board, Known
from lead_svc.assignment.overlap import covers
from lead_svc.assignment.policy import AssignmentPolicy, Rule, Strategy
from lead_svc.assignment.record import Why
from lead_svc.assignment.rules import STRIDE, Candidate, choose, decide
from lead_svc.capture.rules import fresh
from lead_svc.conditions.fields import Condition, Op
from lead_svc.conditions.rules import holds
from lead_svc.leads.record import Lead
from shared.auth.actor import person_id
from shared.ids import new_id

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LEAD = fresh(new_id(), None, AT, {"captured_at": AT})
A, B, C = (person_id(name) for name in ("ann", "bob", "cem"))


def policy(*rules: dict[str, Any], **more: Any) -> AssignmentPolicy:
    return AssignmentPolicy.model_validate({"rules": list(rules), **more})


def where(field: str, op: str, *values: str | int) -> Condition:
    return Condition(field=field, op=Op(op), values=values)


class TestWhoseTurn:
    @given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(1, 200), st.randoms(use_true_random=False))
    def test_nobody_is_ahead_of_their_weight_by_more_than_one_lead_however_people_come_and_go(
        self, weights: list[int], leads: int, chance: Any
    ) -> None:
        people = [Candidate(new_id(), weight=weight) for weight in weights]
        got: Counter[int] = Counter()
        for _ in range(leads):
            choice = choose(Strategy.WEIGHTED, people)
            assert choice.chosen is not None
            n = next(n for n, one in enumerate(people) if one.person_id == choice.chosen.person_id)
            people[n] = replace(people[n], turn=choice.turn)
            got[n] += 1
        share = leads / sum(weights)
        assert all(abs(got[n] - share * weight) <= 1 + weight / min(weights) for n, weight in enumerate(weights))

    @given(st.integers(2, 9), st.lists(st.sets(st.integers(0, 8)), min_size=1, max_size=60))
    def test_between_two_who_are_there_the_difference_never_grows_beyond_one(self, n: int, absences: list[set[int]]) -> None:
        people = [Candidate(new_id()) for _ in range(n)]
        got: Counter[int] = Counter()
        for away in [*absences, set()]:
            now = [replace(one, why=Why.ABSENT) if i in away else one for i, one in enumerate(people)]
            before = Counter(got)
            for _ in range(2 * n):
                choice = choose(Strategy.ROUND_ROBIN, now)
                if choice.chosen is None:
                    assert len(away & set(range(n))) == n
                    break
                i = next(i for i, one in enumerate(now) if one.person_id == choice.chosen.person_id)
                assert i not in away
                people[i] = replace(people[i], turn=choice.turn)
                now[i] = replace(now[i], turn=choice.turn)
                got[i] += 1
            there = [got[i] - before[i] for i in range(n) if i not in away]
            assert not there or max(there) - min(there) <= 2

    @given(st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 5)), min_size=1, max_size=8), st.sampled_from(Strategy))
    def test_whoever_is_chosen_has_room_and_everybody_else_a_reason(self, given: list[tuple[int, int | None]], strategy: Strategy) -> None:
        people = [Candidate(new_id(), load=load, limit=limit) for load, limit in given]
        choice = choose(strategy, people)
        room = [one for one in people if one.limit is None or one.load < one.limit]
        assert (choice.chosen in room) if room else choice.chosen is None
        assert len(choice.passed) == len(people) - bool(choice.chosen)
        assert {one.why for one in choice.passed if one.person_id not in {free.person_id for free in room}} <= {Why.FULL}

    def test_the_one_with_fewest_open_leads_comes_first_and_others_are_busier(self) -> None:
        choice = choose(Strategy.LEAST_LOADED, [Candidate(A, load=3), Candidate(B, load=1), Candidate(C, load=1, turn=STRIDE)])
        assert choice.chosen is not None
        assert choice.chosen.person_id == B
        assert {one.person_id: one.why for one in choice.passed} == {A: Why.BUSIER, C: Why.LATER}


class TestRules:
    def known(self, *people: Any, **more: Any) -> dict[Any, Known]:
        return {id: Known(id, None, [], "rep", True, False, 0, {}, **more) for id in people}

    def test_the_first_that_is_for_the_lead_decides_and_one_without_anybody_may_leave_it_to_the_next(self) -> None:
        away = replace(self.known(A)[A], absent=True)
        said = policy(
            {"name": "emea", "people": [{"person": "bob"}], "conditions": [{"field": "region", "op": "is", "values": ["EMEA"]}]},
            {"name": "first", "people": [{"person": "ann"}], "otherwise": "next"},
            {"name": "last", "people": [{"person": "bob"}]},
        )
        board = Board(said, self.known(B) | {A: away}, {})
        emea, other = (decide(lead, said, board.candidates) for lead in (replace(LEAD, region="emea"), LEAD))
        assert (emea.rule, emea.owner_id) == ("emea", B)
        assert (other.rule, other.owner_id, [one.rule.name for one in other.tried]) == ("last", B, ["emea", "first", "last"])
        assert other.tried[0].unmet == "region is EMEA"

    def test_where_nobody_can_take_it_the_last_rule_that_was_asked_says_why(self) -> None:
        said = policy({"name": "first", "people": [{"person": "ann"}], "otherwise": "next"})
        decision = decide(LEAD, said, Board(said, {}, {}).candidates)
        assert (decision.rule, decision.owner, decision.passed[0].why) == ("first", None, Why.UNKNOWN)
        assert decide(LEAD, policy(), Board(policy(), {}, {}).candidates).rule is None

    def test_leads_of_a_batch_count_for_each_other(self) -> None:
        said = policy({"name": "two", "people": [{"person": "ann"}, {"person": "bob"}]}, capacity=2)
        board, got = Board(said, self.known(A, B), {}), []
        for _ in range(5):
            decision = decide(LEAD, said, board.candidates)
            board.took(decision)
            got.append(decision.owner_id)
        assert Counter(got) == {A: 2, B: 2, None: 1}


class TestSaving:
    @pytest.mark.parametrize(
        ("rule", "says"),
        [
            ({"name": "x"}, "needs either people or a team"),
            ({"name": "x", "people": [{"person": "ann"}], "team": "north"}, "needs either people or a team"),
            ({"name": "x", "people": [{"person": "ann"}], "strategy": "account_owner"}, "leave out people and team"),
            ({"name": "x", "people": [{"person": "ann"}, {"person": "ann"}]}, "names somebody twice"),
            ({"name": "", "team": "north"}, "at least 1 character"),
            ({"name": "x", "people": [{}]}, "at least 1 character"),
        ],
    )
    def test_a_rule_is_for_somebody(self, rule: dict[str, Any], says: str) -> None:
        with pytest.raises(ValidationError, match=says):
            Rule.model_validate(rule)

    def test_rules_have_names_of_their_own_and_none_stands_behind_one_that_takes_all_its_leads(self) -> None:
        plain = {"people": [{"person": "ann"}]}
        with pytest.raises(ValidationError, match="a name of its own"):
            policy({"name": "x", **plain, "otherwise": "next"}, {"name": "x", **plain})
        narrow = {"name": "north", **plain, "conditions": [{"field": "region", "op": "starts_with", "values": ["123"]}]}
        wide = {"name": "all", **plain, "conditions": [{"field": "region", "op": "starts_with", "values": ["12"]}]}
        with pytest.raises(ValidationError, match="north never decides"):
            policy(wide, narrow)
        assert policy(narrow, wide).rules[0].name == "north"
        assert policy({**wide, "otherwise": "next"}, narrow)

    def test_without_rules_nothing_is_decided(self) -> None:
        assert AssignmentPolicy().rules == ()


WORDS = st.sampled_from(["EMEA", "emea", "em", "APAC", "eme"])
REGIONS = st.one_of(
    st.builds(
        lambda op, values: where("region", op, *values),
        st.sampled_from(["is", "is_not", "contains", "starts_with"]),
        st.lists(WORDS, min_size=1, max_size=3),
    ),
    st.sampled_from([where("region", "known"), where("region", "unknown")]),
    st.builds(lambda op, value: where("score", op, value), st.sampled_from(["at_least", "at_most"]), st.integers(0, 9)),
)


@given(st.lists(REGIONS, max_size=3), st.lists(REGIONS, max_size=3), st.none() | WORDS, st.none() | st.integers(0, 9))
def test_what_covers_other_conditions_holds_for_each_lead_that_these_are_for(
    wide: list[Condition], narrow: list[Condition], region: str | None, score: int | None
) -> None:
    lead: Lead = replace(LEAD, region=region)
    if covers(wide, narrow) and holds(narrow, lead, {"score": score}):
        assert holds(wide, lead, {"score": score})
