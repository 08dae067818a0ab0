"""Who may decide what and when, and what follows from it. Values in, values out: no I/O, no clock.

`due`: until when a step that opens by this is to be decided; None for no end.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum, auto
from uuid import UUID

from shared.approvals.record import Approval, ApprovalState, Decision, Plan, Request, Step, StepState
from shared.auth.actor import Actor


class Obstacle(Enum):
    """Why somebody may not decide a step. The service that asks has the words for it."""

    ENDED = auto()
    REQUESTED = auto()
    OWNS = auto()
    DECIDED_ANOTHER = auto()
    DECIDED = auto()
    WAITS = auto()


def obstacles(request: Request, step: Step, person: UUID, owner_id: UUID | None) -> Iterator[tuple[Obstacle, Step]]:
    """What keeps this person from deciding the step, with the step that it is about, whatever their roles."""
    approval = request.approval
    if approval.requested_by == person:
        yield Obstacle.REQUESTED, step
    if owner_id == person:
        yield Obstacle.OWNS, step
    if other := next((s for s in request.steps if s.id != step.id and s.decided_by == person), None):
        yield Obstacle.DECIDED_ANOTHER, other
    if step.state in (StepState.APPROVED, StepState.REJECTED):
        yield Obstacle.DECIDED, step
    elif approval.state is not ApprovalState.OPEN:
        yield Obstacle.ENDED, step
    elif step.state is StepState.WAITING:
        yield Obstacle.WAITS, step


def entitled(step: Step, by: Actor) -> bool:
    """Whether this actor is asked: by a role, by name, or as a delegate. Those who could delegate it may still decide it."""
    return named(step, by.id) or not by.roles.isdisjoint(step.roles)


def named(step: Step, person: UUID) -> bool:
    """Whether the step names this person, whatever their roles."""
    return step.delegate_id == person or str(person) in step.people


def begun(approval: Approval, plans: Sequence[Plan], new_id: Callable[[], UUID], due: datetime | None) -> Request:
    """The approval with its steps; those of the first position are open."""
    steps = [
        Step(new_id(), approval.id, plan.position, plan.name, list(plan.roles), [str(id) for id in plan.people], StepState.WAITING)
        for plan in sorted(plans, key=lambda plan: plan.position)
    ]
    return _advanced(approval, steps, approval.requested_at, due)


def decided(request: Request, step: Step, by: UUID, decision: Decision, at: datetime, due: datetime | None) -> Request:
    """A rejection ends the approval. The last approval of a position opens the next one, or ends it."""
    done = replace(step, state=StepState(decision.value), decided_by=by, decided_at=at)
    steps = _with(request.steps, done)
    if decision is Decision.REJECTED:
        return _ended(request.approval, steps, ApprovalState.REJECTED, at)
    return _advanced(request.approval, steps, at, due)


def delegated(request: Request, step: Step, to: UUID) -> Request:
    """The step is for this person to decide."""
    return Request(request.approval, tuple(_with(request.steps, replace(step, delegate_id=to))))


def escalated(request: Request, now: datetime) -> Request:
    """Steps that are open beyond their time are marked, once."""
    return Request(request.approval, tuple(replace(s, escalated_at=s.due_at) if _is_late(s, now) else s for s in request.steps))


def withdrawn(request: Request, at: datetime) -> Request:
    """Nobody decides it any more."""
    return _ended(request.approval, request.steps, ApprovalState.WITHDRAWN, at)


def without(request: Request, person: UUID, at: datetime, due: datetime | None) -> Request:
    """What this person decided is open again, and what was delegated to them is not any more: the record is theirs now.

    Nothing of an approval that has ended changes. Steps behind one that opens again wait for it.
    """
    if request.approval.state is not ApprovalState.OPEN:
        return request
    steps = [_freed(step, person) for step in request.steps]
    first = _position(steps)
    steps = [_closed(s) if s.state is StepState.OPEN and s.position > first else s for s in steps]
    return _advanced(request.approval, steps, at, due)


def changed(before: Request, after: Request) -> list[Step]:
    """The steps that are not as they were."""
    known = {step.id: step for step in before.steps}
    return [step for step in after.steps if step != known.get(step.id)]


def ended(before: Request, after: Request) -> list[str]:
    """The names of the steps that were open, and are so no more without being decided."""
    left = (StepState.WAITING, StepState.DROPPED)
    were_open = {step.id for step in before.steps if step.state is StepState.OPEN}
    return [step.name for step in after.steps if step.id in were_open and step.state in left]


def _freed(step: Step, person: UUID) -> Step:
    if step.state is StepState.APPROVED and step.decided_by == person:
        step = replace(_closed(step), decided_by=None, decided_at=None)
    return replace(step, delegate_id=None) if step.delegate_id == person else step


def _closed(step: Step) -> Step:
    return replace(step, state=StepState.WAITING, opened_at=None, due_at=None, escalated_at=None)


def _is_late(step: Step, now: datetime) -> bool:
    return step.state is StepState.OPEN and step.escalated_at is None and step.due_at is not None and step.due_at <= now


def _position(steps: Iterable[Step]) -> int:
    """The first position that is not wholly approved; 0 where all are."""
    return min((s.position for s in steps if s.state is not StepState.APPROVED), default=0)


def _advanced(approval: Approval, steps: Iterable[Step], at: datetime, due: datetime | None) -> Request:
    """Open what nothing before it holds back; with nothing left the approval is given."""
    steps = tuple(steps)
    place = _position(steps)
    if not place:
        return Request(replace(approval, state=ApprovalState.APPROVED, ended_at=at), steps)
    ready = {s.id for s in steps if s.position == place and s.state is StepState.WAITING}
    opened = [replace(s, state=StepState.OPEN, opened_at=at, due_at=due) if s.id in ready else s for s in steps]
    return Request(approval, tuple(opened))


def _ended(approval: Approval, steps: Iterable[Step], state: ApprovalState, at: datetime) -> Request:
    left = (StepState.OPEN, StepState.WAITING)
    dropped = tuple(replace(s, state=StepState.DROPPED) if s.state in left else s for s in steps)
    return Request(replace(approval, state=state, ended_at=at), dropped)


def _with(steps: Iterable[Step], changed: Step) -> list[Step]:
    return [changed if step.id == changed.id else step for step in steps]
