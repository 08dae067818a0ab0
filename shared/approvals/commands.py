"""Ask for an approval, decide, delegate, withdraw. The caller holds the lock of the record, which guards its approvals too.

A service checks its own acts first and says in its own words what stands in the way; what these refuse is the rule of all approvals.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from shared.access.kinds import Kind, unmasked
from shared.access.scoped import Scoped
from shared.approvals import rules, tables
from shared.approvals.record import Approval, ApprovalState, Decision, Plan, Request, Step, StepState
from shared.approvals.tables import APPROVALS
from shared.auth.actor import Actor, Role
from shared.db.tx import Reader, Tx
from shared.errors import NotFound, NotYet, Rejected
from shared.events.approvals import ApprovalStepData
from shared.events.envelope import Event
from shared.history import starts_work
from shared.ids import new_id
from shared.parties.people import standing
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY
from shared.timers import cancel_timers, set_timer

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """The approvals of one kind of record.

    `seen` and `access` say who sees the record, `owner` whose it is, `about` what the events carry of it. `timer` is the kind of the
    timers that escalate. `load` locks what `owner` and `about` are given, where that is more than the row of the record.
    """

    kind: str
    seen: Scoped[Any]
    access: Kind
    owner: Callable[[Any], UUID | None]
    about: Callable[[Any], Mapping[str, Any]]
    timer: str
    requested: type[Event]
    decided: type[Event]
    delegated: type[Event]
    escalated: type[Event]
    reopened: type[Event]
    withdrawn: type[Event]
    load: Callable[[Tx, UUID], Awaitable[Any]] | None = None

    def tells(self, event: type[E], record: Any, **more: Any) -> E:
        return event.model_validate({**self.about(record), **more})


async def of_record(db: Reader, of: Approvals, record_id: UUID) -> Request | None:
    """The last approval that was asked for, if any."""
    return (await tables.latest(db, of.kind, [record_id])).get(record_id)


async def ask(
    tx: Tx, of: Approvals, record: Any, plans: Sequence[Plan], *, content_hash: str, at: datetime, hours: int | None, policy_version: int
) -> Request:
    """Ask for the approval of this content. A step has `hours` of work from when it opens."""
    approval = Approval(new_id(), 0, of.kind, record.id, content_hash, ApprovalState.OPEN, tx.actor.id, at, None, hours)
    request = rules.begun(approval, plans, new_id, _due(tx, hours, at))
    told = of.tells(
        of.requested,
        record,
        content_hash=content_hash,
        requested_by=tx.actor.id,
        steps=[_as_data(step) for step in request.steps],
        policy_version=policy_version,
    )
    approval = await tx.add(APPROVALS, request.approval, told, at=at)
    await tables.add_steps(tx, request.steps)
    await _remind(tx, of, request.steps)
    return Request(approval, request.steps)


async def decide(
    tx: Tx, of: Approvals, record: Any, request: Request, step: Step, decision: Decision, *, at: datetime, reason: str | None
) -> Request:
    """Decide an open step as the actor. The approval is given or refused by it, or goes on."""
    if not rules.entitled(step, tx.actor) or any(rules.obstacles(request, step, tx.actor.id, of.owner(record))):
        raise Rejected("Somebody else must decide this, or it is decided already.", code="not_decidable")
    after = rules.decided(request, step, tx.actor.id, decision, at, _due(tx, request.approval.hours, at))
    opened = [_as_data(s) for s in rules.changed(request, after) if s.state is StepState.OPEN]
    told = of.tells(
        of.decided,
        record,
        step=step.name,
        decision=decision.value,
        state=after.approval.state.value,
        content_hash=request.approval.content_hash,
        requested_at=request.approval.requested_at,
        opened_at=step.opened_at,
        opened=opened,
        ended=rules.ended(request, after),
        reason=reason,
    )
    return await _save(tx, of, request, after, told, at=at)


async def delegate(tx: Tx, of: Approvals, record: Any, request: Request, step: Step, to: UUID, *, at: datetime) -> Request:
    """Name who decides the step: somebody who sees the record as it is, and whom nothing keeps from deciding."""
    if step.delegate_id == to:
        return request
    if to != tx.actor.id:
        await _can_read(tx, of, record, to)
    if any(rules.obstacles(request, step, to, of.owner(record))):
        says = "Name somebody who does not own the record, did not ask for the approval and decided no other step."
        raise Rejected(says, code="not_a_delegate")
    after = rules.delegated(request, step, to)
    told = of.tells(of.delegated, record, step=step.name, person_id=to, previous_person_id=step.delegate_id)
    return await _save(tx, of, request, after, told, at=at)


async def withdraw(tx: Tx, of: Approvals, record: Any, request: Request, *, at: datetime, reason: str | None) -> Request:
    """End an open approval undecided."""
    if request.approval.state is not ApprovalState.OPEN:
        return request
    after = rules.withdrawn(request, at)
    ended = rules.ended(request, after)
    told = of.tells(of.withdrawn, record, content_hash=request.approval.content_hash, ended=ended, reason=reason)
    return await _save(tx, of, request, after, told, at=at)


async def free(tx: Tx, of: Approvals, record: Any, request: Request, owner_id: UUID, *, at: datetime) -> bool:
    """Open again what the record's new owner decided; whether there was anything."""
    after = rules.without(request, owner_id, at, _due(tx, request.approval.hours, at))
    changed = rules.changed(request, after)
    if not changed:
        return False
    steps = [_as_data(s) for s in changed if s.state is StepState.OPEN]
    told = of.tells(of.reopened, record, steps=steps, ended=rules.ended(request, after))
    await _save(tx, of, request, after, told, at=at)
    before = {step.id: step for step in request.approved}
    return any(step.id in before for step in changed)


async def escalate(tx: Tx, of: Approvals, approval_id: UUID) -> None:
    """Mark and tell what is open beyond its time. The record is locked first, as by every command, and stays as it is."""
    found = await tx.get(APPROVALS, approval_id)
    record = await (of.load(tx, found.record_id) if of.load else tx.load(of.seen.of, found.record_id))
    request = await tables.get(tx, approval_id)
    after = rules.escalated(request, tx.now)
    late = rules.changed(request, after)
    told = [of.tells(of.escalated, record, step=s.name, due_at=s.due_at, **_asked(s), delegate_id=s.delegate_id) for s in late]
    if late:
        await _save(tx, of, request, after, *told, at=max(step.due_at for step in late if step.due_at))


async def _save(tx: Tx, of: Approvals, before: Request, after: Request, *told: Event, at: datetime) -> Request:
    approval = after.approval
    ended = {} if approval.state is before.approval.state else {"state": approval.state, "ended_at": approval.ended_at}
    approval = await tx.save(APPROVALS, before.approval, *told, at=at, **ended)
    changed = rules.changed(before, after)
    await tables.save_steps(tx, changed)
    if ended:
        await cancel_timers(tx, approval.id)
    else:
        await _remind(tx, of, [step for step in changed if step.escalated_at is None])
    return Request(approval, after.steps)


async def _remind(tx: Tx, of: Approvals, steps: Sequence[Step]) -> None:
    """One timer for all steps that are due at the same time."""
    for approval_id, due_at in {(s.approval_id, s.due_at) for s in steps if s.state is StepState.OPEN and s.due_at is not None}:
        await set_timer(tx, of.timer, approval_id, due_at)


def _due(tx: Tx, hours: int | None, at: datetime) -> datetime | None:
    """The end of so many working hours. History starts no clock, and nobody is late for what they were not asked in time."""
    if hours is None or not starts_work(tx, at):
        return None
    due = calendar_of(tx.policy(COMPANY_POLICY)).add_working_hours(at, hours)
    return due if due > tx.now else None


async def _can_read(tx: Tx, of: Approvals, record: Any, person_id: UUID) -> None:
    known = await standing(tx, person_id)
    if known is None or not known.active:
        says = "No such person is on the roster, or the person has left. A new person is known here a moment later."
        raise NotYet(says, code="unknown_person")
    person = Actor.of(person_id, {Role(known.role)})
    try:
        await of.seen.get(tx, person, record.id)
    except NotFound:
        seen = False
    else:
        seen = unmasked(of.access, person)
    if not seen:
        raise Rejected(f"This person does not see the {of.kind} as it is. Name somebody who does.", code="not_a_delegate")


def _asked(step: Step) -> dict[str, Any]:
    return {"roles": step.roles, "people": step.people}


def _as_data(step: Step) -> ApprovalStepData:
    return ApprovalStepData(name=step.name, position=step.position, due_at=step.due_at, **_asked(step))
