"""The way of a deal, without I/O: gates, exceptions, and that only legal paths exist."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from deal_svc.deals.events import told
from deal_svc.deals.pipeline import OPEN_STAGES, DealFacts, Stage, probability
from deal_svc.deals.record import Deal, new_deal
from deal_svc.deals.rules import ASSIGN, claim_unmet
from deal_svc.stages import rules
from deal_svc.stages.rules import ADVANCE, LOSE, MOVE_BACK, REOPEN, SKIP, WIN
from shared.acts import Act
from shared.auth.actor import Actor, Role
from shared.errors import Rejected, Unmet
from shared.events.deal import DealOpened
from shared.policy.parts import Stages

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OWNER = Actor.of(uuid4(), {Role.rep})
STRANGER = Actor.of(uuid4(), {Role.rep})
MANAGER = Actor.of(uuid4(), {Role.manager})
DIRECTOR = Actor.of(uuid4(), {Role.director})
EVERY_PART = ["situation", "problem", "implication", "need_payoff"]


def deal(stage: Stage = Stage.DISCOVERY, **given: object) -> Deal:
    made = new_deal(NOW, id=uuid4(), opened_at=NOW, name="x", amount=Decimal(1), currency="CNY", fx=Decimal(1), owner_id=OWNER.id)
    return replace(made, stage=stage, **given)  # type: ignore[arg-type]


def facts(*, met: bool, **differing: object) -> DealFacts:
    known = DealFacts(uuid4(), EVERY_PART if met else None, met, met, met, met, met)
    return replace(known, **differing)  # type: ignore[arg-type]


READY = deal(needs_confirmed_at=NOW, next_step_due_at=NOW)


def unmet(at: Deal, to: Stage, known: DealFacts, by: Actor, reason: str | None) -> list[Unmet]:
    """What stands in the way of a move: what its act needs, and what the request lacks."""
    try:
        step = rules.move(at, to, known, by, reason)
    except Rejected as same_stage:
        return list(same_stage.unmet)
    return [*step.act.unmet(at, known, by), *step.also]


def moved(at: Deal, to: Stage, known: DealFacts, by: Actor, reason: str | None) -> set[str]:
    return {u.code for u in unmet(at, to, known, by, reason)}


def codes(act: Act[Deal, None], at: Deal, by: Actor) -> list[str]:
    return [u.code for u in act.unmet(at, None, by)]


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
    assert moved(at, to, facts(met=True, **missing), OWNER, None) == {code}
    assert moved(replace(at, needs_confirmed_at=NOW, next_step_due_at=NOW), to, facts(met=True), OWNER, None) == set()


def test_every_guard_is_named_at_once() -> None:
    assert len(unmet(deal(), Stage.PROPOSAL, facts(met=False), OWNER, None)) == 7


def test_a_manager_passes_gates_with_a_reason_and_they_are_listed() -> None:
    step = rules.move(deal(Stage.PROPOSAL), Stage.CLOSING, facts(met=False), MANAGER, "customer is in a hurry")
    assert (step.act, step.direction, step.also) == (SKIP, "skip", [])
    assert step.skipped == ["proposal_not_presented", "no_decision_maker", "quote_not_sent", "quote_not_accepted"]
    one = rules.move(deal(Stage.NEGOTIATION), Stage.CLOSING, facts(met=False), MANAGER, "verbal yes")
    assert (one.act, one.skipped, one.also) == (SKIP, ["quote_not_accepted"], [])


def test_a_skip_needs_both_reason_and_manager() -> None:
    assert moved(deal(), Stage.CLOSING, facts(met=True), OWNER, None) == {"reason_missing", "not_manager"}
    assert moved(deal(), Stage.CLOSING, facts(met=True), MANAGER, None) == {"reason_missing"}
    assert moved(deal(Stage.NEGOTIATION), Stage.CLOSING, facts(met=False), OWNER, "please") == {"quote_not_accepted"}


def test_going_back_needs_a_reason_and_further_a_manager() -> None:
    at, known = deal(Stage.CLOSING), facts(met=True)
    assert moved(at, Stage.NEGOTIATION, known, OWNER, None) == {"reason_missing"}
    assert rules.move(at, Stage.NEGOTIATION, known, OWNER, "new budget round") == rules.Move(MOVE_BACK, "back", (), [])
    assert moved(at, Stage.PROPOSAL, known, OWNER, "x") == {"not_manager"}
    assert unmet(at, Stage.DISCOVERY, known, MANAGER, "x") == []


@pytest.mark.parametrize("stage", OPEN_STAGES)
def test_a_stranger_moves_nothing(stage: Stage) -> None:
    for to in OPEN_STAGES:
        assert {"not_owner", "not_manager"} & moved(deal(stage), to, facts(met=True), STRANGER, "x")


@pytest.mark.parametrize("stage", [Stage.WON, Stage.LOST])
def test_closed_deals_do_not_move(stage: Stage) -> None:
    for to in OPEN_STAGES:
        assert moved(deal(stage), to, facts(met=True), MANAGER, "x") == {"deal_closed"}


def test_winning_by_hand_is_the_directors_alone() -> None:
    assert codes(WIN, deal(), DIRECTOR) == []
    assert not WIN.who.may_ever(MANAGER)
    assert codes(WIN, deal(Stage.WON), DIRECTOR) == ["deal_closed"]


def test_reopening() -> None:
    lost = deal(Stage.LOST, closed_from=Stage.NEGOTIATION)
    assert codes(REOPEN, lost, MANAGER) == []
    assert rules.reopening_unmet(lost, None) == rules.reopening_unmet(lost, Stage.DISCOVERY) == []
    assert rules.reopening_unmet(lost, Stage.NEGOTIATION) == []
    assert [u.code for u in rules.reopening_unmet(lost, Stage.CLOSING)] == ["wrong_stage"]
    assert not REOPEN.who.may_ever(OWNER)
    assert codes(REOPEN, deal(Stage.WON), MANAGER) == ["not_lost"]


def test_whoever_sells_takes_what_nobody_owns() -> None:
    pooled = replace(deal(), owner_id=None)
    assert codes(ASSIGN, pooled, STRANGER) == [] == claim_unmet(pooled, STRANGER, STRANGER.id)
    assert [u.code for u in claim_unmet(pooled, STRANGER, OWNER.id)] == ["not_manager"]
    assert codes(ASSIGN, deal(), OWNER) == ["not_manager"]


def test_a_stage_is_declared_once() -> None:
    """Order and gates of the pipeline, and what the first policy says of the probabilities, written out."""
    assert [(s, probability(s, Stages()), [g.unmet.code for g in s.gate or ()]) for s in OPEN_STAGES] == [
        ("discovery", 20, []),
        (
            "proposal",
            50,
            [*(f"spin_{part}_missing" for part in EVERY_PART), "needs_not_confirmed", "no_contact", "no_next_step"],
        ),
        ("negotiation", 75, ["proposal_not_presented", "no_decision_maker", "quote_not_sent"]),
        ("closing", 90, ["quote_not_accepted"]),
    ]
    assert (probability(Stage.WON, Stages()), probability(Stage.LOST, Stages())) == (100, 0)
    assert [s for s in Stage if not s.is_open] == [Stage.WON, Stage.LOST]


known_facts = st.builds(
    DealFacts,
    st.just(uuid4()),
    st.one_of(st.none(), st.lists(st.sampled_from(EVERY_PART), unique=True)),
    *[st.booleans()] * 5,
)
actors = st.sampled_from([OWNER, STRANGER, MANAGER, DIRECTOR])
reasons = st.sampled_from([None, "because"])


@given(st.sampled_from(list(Stage)), known_facts, actors)
def test_what_is_shown_as_allowed_is_allowed(stage: Stage, known: DealFacts, by: Actor) -> None:
    at = deal(stage, closed_from=Stage.PROPOSAL if stage is Stage.LOST else None)
    here = OPEN_STAGES.index(stage) if at.is_open else 0
    if not ADVANCE.unmet(at, known, by):
        assert moved(at, OPEN_STAGES[here + 1], known, by, None) == set()
    if not SKIP.unmet(at, known, by):
        assert moved(at, Stage.CLOSING, known, by, "because") == set()
    if not MOVE_BACK.unmet(at, known, by):
        assert moved(at, OPEN_STAGES[here - 1], known, by, "because") == set()


class Way(RuleBasedStateMachine):
    """Any sequence of moves, losses, wins and reopenings: what the rules let through is a path that the acts declare."""

    def __init__(self) -> None:
        super().__init__()
        self.deal = deal()
        self.cycles = 0

    @rule(to=st.sampled_from(OPEN_STAGES), known=known_facts, by=actors, reason=reasons)
    def move(self, to: Stage, known: DealFacts, by: Actor, reason: str | None) -> None:
        if unmet(self.deal, to, known, by, reason):
            return
        step = rules.move(self.deal, to, known, by, reason)
        steps = OPEN_STAGES.index(to) - OPEN_STAGES.index(self.deal.stage)
        assert steps != 0
        assert by is not STRANGER
        if step.direction == "advance":
            assert (steps, list(step.skipped)) == (1, [])
        else:
            assert reason is not None
        if step.direction == "skip" or steps < -1:
            assert by in (MANAGER, DIRECTOR)
        self.deal = replace(self.deal, stage=to)

    @rule(by=actors)
    def lose(self, by: Actor) -> None:
        if not LOSE.unmet(self.deal, None, by):
            assert self.deal.stage in OPEN_STAGES
            self.deal = replace(self.deal, stage=Stage.LOST, closed_from=self.deal.stage)

    @rule(by=actors)
    def win(self, by: Actor) -> None:
        if not WIN.unmet(self.deal, None, by):
            assert by is DIRECTOR
            self.deal = replace(self.deal, stage=Stage.WON, closed_from=self.deal.stage)

    @rule(by=actors, to=st.sampled_from([None, *OPEN_STAGES]))
    def reopen(self, by: Actor, to: Stage | None) -> None:
        if not [*REOPEN.unmet(self.deal, None, by), *rules.reopening_unmet(self.deal, to)]:
            assert self.deal.stage is Stage.LOST
            self.cycles += 1
            self.deal = replace(
                self.deal, stage=to or self.deal.closed_from or Stage.DISCOVERY, closed_from=None, cycle=self.deal.cycle + 1
            )

    @invariant()
    def cycles_count_reopenings(self) -> None:
        assert self.deal.cycle == self.cycles + 1


TestWay = Way.TestCase


def test_events_tell_the_order_of_stages_and_the_dimensions_that_a_deal_has() -> None:
    event = told(DealOpened, deal(campaign="spring", medium="email", probability=20))
    assert event.stage_order == ["discovery", "proposal", "negotiation", "closing"]
    assert (event.campaign, event.medium, event.deal_kind) == ("spring", "email", "new")
