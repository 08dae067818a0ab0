"""Approvals whatever happens to them, in any order: nobody decides their own, one person one step, steps in sequence and in parallel."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shared.approvals import rules
from shared.approvals.record import Approval, ApprovalState, Decision, Plan, Request, Step, StepState
from shared.approvals.rules import Obstacle
from shared.auth.actor import Actor, Role

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEOPLE = [UUID(int=n) for n in range(1, 7)]
ROLES = [Role.legal, Role.finance, Role.manager]
places = st.lists(st.integers(1, 3), min_size=1, max_size=4)
people = st.sampled_from(PEOPLE)
LEFT = (StepState.OPEN, StepState.WAITING)


def asked(*positions: int, by: UUID = PEOPLE[0], named: UUID | None = None) -> Request:
    """An approval of steps s0, s1 ... in these positions; `named` may decide them whatever their roles."""
    approval = Approval(uuid4(), 0, "contract", uuid4(), "0" * 64, ApprovalState.OPEN, by, START, None, 8)
    plans = [Plan(f"s{n}", [ROLES[n % 3].value], [named] if named else [], position) for n, position in enumerate(positions)]
    return rules.begun(approval, plans, uuid4, START + timedelta(hours=8))


class Approving(RuleBasedStateMachine):
    """Somebody asks, a record has an owner, and everybody tries everything. What the rules refuse is left out, as commands do."""

    @initialize(positions=places, owner=people)
    def ask(self, positions: list[int], owner: UUID) -> None:
        self.request, self.owner, self.now = asked(*positions), owner, START
        self.history = [self.request]

    def _step(self, n: int) -> Step:
        return self.request.steps[n % len(self.request.steps)]

    def _take(self, after: Request) -> None:
        self.request = after
        self.history.append(after)

    def _due(self) -> datetime:
        return self.now + timedelta(hours=8)

    @rule(n=st.integers(0, 3), person=people, decision=st.sampled_from([*Decision, Decision.APPROVED]))
    def decide(self, n: int, person: UUID, decision: Decision) -> None:
        step = self._step(n)
        if not any(rules.obstacles(self.request, step, person, self.owner)):
            self._take(rules.decided(self.request, step, person, decision, self.now, self._due()))

    @rule(n=st.integers(0, 3), person=people, to=people)
    def delegate(self, n: int, person: UUID, to: UUID) -> None:
        step = self._step(n)
        if not any(rules.obstacles(self.request, step, who, self.owner) for who in (person, to)):
            self._take(rules.delegated(self.request, step, to))

    @rule(hours=st.integers(0, 20))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self._take(rules.escalated(self.request, self.now))

    @rule(owner=people)
    def hand_over(self, owner: UUID) -> None:
        self.owner = owner
        self._take(rules.without(self.request, owner, self.now, self._due()))

    @rule(chance=st.integers(0, 9))
    def withdraw(self, chance: int) -> None:
        if chance == 0 and self.request.approval.state is ApprovalState.OPEN:
            self._take(rules.withdrawn(self.request, self.now))

    @invariant()
    def nobody_decides_their_own_and_one_person_one_step(self) -> None:
        by = [step.decided_by for step in self.request.steps if step.decided_by]
        assert len(by) == len(set(by))
        assert self.request.approval.requested_by not in by
        if self.request.approval.state is ApprovalState.OPEN:
            assert self.owner not in by
            assert not {self.owner, self.request.approval.requested_by} & {step.delegate_id for step in self.request.steps}

    @invariant()
    def the_state_follows_from_the_steps(self) -> None:
        states = {step.state for step in self.request.steps}
        match self.request.approval.state:
            case ApprovalState.APPROVED:
                assert states == {StepState.APPROVED}
            case ApprovalState.REJECTED:
                assert [step.state for step in self.request.steps].count(StepState.REJECTED) == 1
            case ApprovalState.WITHDRAWN:
                assert StepState.REJECTED not in states
            case ApprovalState.OPEN:
                assert StepState.OPEN in states, "somebody is asked as long as it is open"
                assert not states & {StepState.REJECTED, StepState.DROPPED}
        ended = self.request.approval.state is not ApprovalState.OPEN
        assert ended == (self.request.approval.ended_at is not None)
        assert not (ended and states & set(LEFT)), "nobody is asked any more"

    @invariant()
    def steps_wait_for_those_before_them(self) -> None:
        for step in self.request.steps:
            before = [other for other in self.request.steps if other.position < step.position]
            if step.state is StepState.OPEN:
                assert all(other.state is StepState.APPROVED for other in before)
                assert step.opened_at is not None
            if step.state is StepState.WAITING:
                assert any(other.state is not StepState.APPROVED for other in before)

    @invariant()
    def what_has_ended_stays_as_it_is(self) -> None:
        ends = [request for request in self.history if request.approval.state is not ApprovalState.OPEN]
        assert all(request == ends[0] for request in ends)

    @invariant()
    def only_what_is_open_beyond_its_time_is_late(self) -> None:
        for step in self.request.steps:
            assert step.overdue == (step.state is StepState.OPEN and step.due_at is not None and step.escalated_at == step.due_at)
            assert not step.overdue or (step.due_at is not None and step.due_at <= self.now)


TestApproving = Approving.TestCase


def test_steps_of_one_position_are_parallel_and_the_next_one_waits() -> None:
    request = asked(1, 1, 2)
    assert [step.state for step in request.steps] == [StepState.OPEN, StepState.OPEN, StepState.WAITING]
    last = request.steps[2]
    assert [o for o, _ in rules.obstacles(request, last, PEOPLE[3], None)] == [Obstacle.WAITS]
    for step, by in zip(request.steps[:2], PEOPLE[1:3], strict=True):
        request = rules.decided(request, step, by, Decision.APPROVED, START, START + timedelta(hours=9))
    assert (request.steps[2].state, request.steps[2].due_at) == (StepState.OPEN, START + timedelta(hours=9))
    request = rules.decided(request, request.steps[2], PEOPLE[3], Decision.APPROVED, START, None)
    assert request.approval.state is ApprovalState.APPROVED


def test_what_the_new_owner_decided_opens_again_and_what_follows_waits_for_it() -> None:
    request = asked(1, 2)
    request = rules.decided(request, request.steps[0], PEOPLE[1], Decision.APPROVED, START, None)
    request = rules.delegated(request, request.steps[1], PEOPLE[1])
    after = rules.without(request, PEOPLE[1], START, None)
    assert [step.state for step in after.steps] == [StepState.OPEN, StepState.WAITING]
    assert (after.steps[0].decided_by, after.steps[1].delegate_id) == (None, None)


def test_those_with_the_role_those_named_and_a_delegate_are_asked() -> None:
    step = asked(1, named=PEOPLE[4]).steps[0]
    lawyer, rep = Actor.of(PEOPLE[1], {Role.legal}), Actor.of(PEOPLE[2], {Role.rep})
    assert (rules.entitled(step, lawyer), rules.entitled(step, rep)) == (True, False)
    assert rules.entitled(step, Actor.of(PEOPLE[4], {Role.rep}))

    own = asked(1)
    assert rules.entitled(rules.delegated(own, own.steps[0], PEOPLE[2]).steps[0], rep)
