"""The way of a deal, without I/O: gates, exceptions, and that only legal paths exist."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from deal_svc.deals import rules as deals
from deal_svc.deals.commands import new_deal
from deal_svc.deals.rules import OPEN_STAGES, Deal, Stage
from deal_svc.stages import rules
from deal_svc.stages.rules import Facts
from shared.auth.actor import Actor, Role

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OWNER = Actor.of(uuid4(), {Role.rep})
STRANGER = Actor.of(uuid4(), {Role.rep})
MANAGER = Actor.of(uuid4(), {Role.manager})
DIRECTOR = Actor.of(uuid4(), {Role.director})
EVERY_PART = ["situation", "problem", "implication", "need_payoff"]


def deal(stage: Stage = Stage.DISCOVERY, **given: object) -> Deal:
    made = new_deal(NOW, id=uuid4(), opened_at=NOW, name="x", amount=Decimal(1), currency="CNY", fx=Decimal(1), owner_id=OWNER.id)
    return replace(made, stage=stage, **given)  # type: ignore[arg-type]


def facts(*, met: bool, **differing: object) -> Facts:
    known = Facts(uuid4(), EVERY_PART if met else None, met, met, met, met, met)
    return replace(known, **differing)  # type: ignore[arg-type]


READY = deal(needs_confirmed_at=NOW, next_step_due_at=NOW)


def codes(step: rules.Move) -> set[str]:
    return {u.code for u in step.unmet}


@pytest.mark.parametrize(
    ("at", "to", "missing", "code"),
    [
        *[(READY, Stage.PROPOSAL, {"spin": [p for p in EVERY_PART if p != part]}, f"spin_{part}_missing") for part in EVERY_PART],
        (replace(READY, needs_confirmed_at=None), Stage.PROPOSAL, {}, "needs_not_confirmed"),
        (replace(READY, next_step_due_at=None), Stage.PROPOSAL, {}, "no_next_step"),
        (READY, Stage.PROPOSAL, {"has_contact": False}, "no_contact"),
        (deal(Stage.PROPOSAL), Stage.NEGOTIATION, {"has_presented": False}, "proposal_not_presented"),
        (deal(Stage.PROPOSAL), Stage.NEGOTIATION, {"has_decision_maker": False}, "no_decision_maker"),
        (deal(Stage.PROPOSAL), Stage.NEGOTIATION, {"has_sent_quote": False}, "quote_not_sent"),
        (deal(Stage.NEGOTIATION), Stage.CLOSING, {"has_accepted_quote": False}, "quote_not_accepted"),
    ],
)
def test_each_guard_stops_the_owner_alone(at: Deal, to: Stage, missing: dict[str, object], code: str) -> None:
    assert codes(rules.move(at, to, facts(met=True, **missing), OWNER, None)) == {code}
    assert codes(rules.move(replace(at, needs_confirmed_at=NOW, next_step_due_at=NOW), to, facts(met=True), OWNER, None)) == set()


def test_every_guard_is_named_at_once() -> None:
    assert len(rules.move(deal(), Stage.PROPOSAL, facts(met=False), OWNER, None).unmet) == 7


def test_a_manager_passes_gates_with_a_reason_and_they_are_listed() -> None:
    step = rules.move(deal(Stage.PROPOSAL), Stage.CLOSING, facts(met=False), MANAGER, "customer is in a hurry")
    assert (step.direction, step.unmet) == ("skip", [])
    assert step.skipped == ["proposal_not_presented", "no_decision_maker", "quote_not_sent", "quote_not_accepted"]
    one = rules.move(deal(Stage.NEGOTIATION), Stage.CLOSING, facts(met=False), MANAGER, "verbal yes")
    assert (one.direction, one.skipped, one.unmet) == ("skip", ["quote_not_accepted"], [])


def test_a_skip_needs_both_reason_and_manager() -> None:
    assert codes(rules.move(deal(), Stage.CLOSING, facts(met=True), OWNER, None)) == {"reason_missing", "not_manager"}
    assert codes(rules.move(deal(), Stage.CLOSING, facts(met=True), MANAGER, None)) == {"reason_missing"}
    assert codes(rules.move(deal(Stage.NEGOTIATION), Stage.CLOSING, facts(met=False), OWNER, "please")) == {"quote_not_accepted"}


def test_going_back_needs_a_reason_and_further_a_manager() -> None:
    at, known = deal(Stage.CLOSING), facts(met=True)
    assert codes(rules.move(at, Stage.NEGOTIATION, known, OWNER, None)) == {"reason_missing"}
    assert rules.move(at, Stage.NEGOTIATION, known, OWNER, "new budget round") == rules.Move("back", [], [])
    assert codes(rules.move(at, Stage.PROPOSAL, known, OWNER, "x")) == {"not_manager"}
    assert rules.move(at, Stage.DISCOVERY, known, MANAGER, "x").unmet == []


@pytest.mark.parametrize("stage", OPEN_STAGES)
def test_a_stranger_moves_nothing(stage: Stage) -> None:
    for to in OPEN_STAGES:
        assert "not_owner" in codes(rules.move(deal(stage), to, facts(met=True), STRANGER, "x"))


@pytest.mark.parametrize("stage", [Stage.WON, Stage.LOST])
def test_closed_deals_do_not_move(stage: Stage) -> None:
    for to in OPEN_STAGES:
        assert codes(rules.move(deal(stage), to, facts(met=True), MANAGER, "x")) == {"deal_closed"}


def test_winning_by_hand_is_the_directors_alone() -> None:
    assert rules.win_unmet(deal(), DIRECTOR) == []
    assert [u.code for u in rules.win_unmet(deal(), MANAGER)] == ["not_director"]
    assert [u.code for u in rules.win_unmet(deal(Stage.WON), DIRECTOR)] == ["deal_closed"]


def test_reopening() -> None:
    lost = deal(Stage.LOST, closed_from=Stage.NEGOTIATION)
    assert rules.reopen_unmet(lost, MANAGER) == []
    assert rules.reopen_unmet(lost, MANAGER, Stage.DISCOVERY) == [] == rules.reopen_unmet(lost, MANAGER, Stage.NEGOTIATION)
    assert [u.code for u in rules.reopen_unmet(lost, MANAGER, Stage.CLOSING)] == ["wrong_stage"]
    assert [u.code for u in rules.reopen_unmet(lost, OWNER)] == ["not_manager"]
    assert [u.code for u in rules.reopen_unmet(deal(Stage.WON), MANAGER)] == ["not_lost"]


def test_whoever_sells_takes_what_nobody_owns() -> None:
    pooled = replace(deal(), owner_id=None)
    assert deals.assign_unmet(pooled, STRANGER, STRANGER.id) == []
    assert [u.code for u in deals.assign_unmet(pooled, STRANGER, OWNER.id)] == ["not_manager"]
    assert [u.code for u in deals.assign_unmet(deal(), OWNER, STRANGER.id)] == ["not_manager"]


known_facts = st.builds(
    Facts,
    st.just(uuid4()),
    st.one_of(st.none(), st.lists(st.sampled_from(EVERY_PART), unique=True)),
    *[st.booleans()] * 5,
)
actors = st.sampled_from([OWNER, STRANGER, MANAGER, DIRECTOR])
reasons = st.sampled_from([None, "because"])


@given(st.sampled_from(list(Stage)), known_facts, actors)
def test_what_is_shown_as_allowed_is_allowed(stage: Stage, known: Facts, by: Actor) -> None:
    at = deal(stage, closed_from=Stage.PROPOSAL if stage is Stage.LOST else None)
    shown = rules.actions_unmet(at, known, by)
    if not shown["advance"]:
        assert rules.move(at, OPEN_STAGES[OPEN_STAGES.index(stage) + 1], known, by, None).unmet == []
    if not shown["skip"]:
        assert rules.move(at, Stage.CLOSING, known, by, "because").unmet == []
    if not shown["move_back"]:
        assert rules.move(at, OPEN_STAGES[OPEN_STAGES.index(stage) - 1], known, by, "because").unmet == []


class Way(RuleBasedStateMachine):
    """Any sequence of moves, losses, wins and reopenings: what the rules let through is a path of domain-model §3."""

    def __init__(self) -> None:
        super().__init__()
        self.deal = deal()
        self.cycles = 0

    @rule(to=st.sampled_from(OPEN_STAGES), known=known_facts, by=actors, reason=reasons)
    def move(self, to: Stage, known: Facts, by: Actor, reason: str | None) -> None:
        step = rules.move(self.deal, to, known, by, reason)
        if step.unmet:
            return
        steps = OPEN_STAGES.index(to) - OPEN_STAGES.index(self.deal.stage)
        assert steps != 0
        assert by is not STRANGER
        if step.direction == "advance":
            assert (steps, step.skipped) == (1, [])
        else:
            assert reason is not None
        if step.direction == "skip" or steps < -1:
            assert by in (MANAGER, DIRECTOR)
        self.deal = replace(self.deal, stage=to)

    @rule(by=actors)
    def lose(self, by: Actor) -> None:
        if not rules.lose_unmet(self.deal, by):
            assert self.deal.stage in OPEN_STAGES
            self.deal = replace(self.deal, stage=Stage.LOST, closed_from=self.deal.stage)

    @rule(by=actors)
    def win(self, by: Actor) -> None:
        if not rules.win_unmet(self.deal, by):
            assert by is DIRECTOR
            self.deal = replace(self.deal, stage=Stage.WON, closed_from=self.deal.stage)

    @rule(by=actors, to=st.sampled_from([None, *OPEN_STAGES]))
    def reopen(self, by: Actor, to: Stage | None) -> None:
        if not rules.reopen_unmet(self.deal, by, to):
            assert self.deal.stage is Stage.LOST
            self.cycles += 1
            self.deal = replace(
                self.deal, stage=to or self.deal.closed_from or Stage.DISCOVERY, closed_from=None, cycle=self.deal.cycle + 1
            )

    @invariant()
    def cycles_count_reopenings(self) -> None:
        assert self.deal.cycle == self.cycles + 1


TestWay = Way.TestCase
