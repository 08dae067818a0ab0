"""What the events of one thing say of the open work that it is. Pure.

Items are kept as JSON by their ids. One that was settled is gone, unless it can be open again: then `open` is false.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from shared.events import contract
from shared.events import quote as of_quotes
from shared.events.approvals import (
    ApprovalDecided,
    ApprovalDelegated,
    ApprovalEscalated,
    ApprovalReopened,
    ApprovalRequested,
    ApprovalStepData,
    ApprovalWithdrawn,
)
from shared.events.deadlines import DeadlineData, DeadlineMet, DeadlineMissed, DeadlinePaused, DeadlineStarted, DeadlineStopped
from shared.events.envelope import Envelope, Event
from shared.events.tasks import TaskData, TaskDone, TaskDropped, TaskEscalated, TaskOverdue, TaskSet
from shared.ids import external_id

Item = dict[str, Any]
Items = Mapping[str, Item]
"""By id, as text."""

Hear = Callable[[Items, Envelope[Any]], Items]
"""The items after an event; those before stay as they are."""


class Settled(NamedTuple):
    """Work that is open no more."""

    kind: str
    id: UUID


Settles = Callable[[Any, UUID], Sequence[Settled]]
"""What an event settles, by what it says and its subject."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """How the events of one aggregate tell of work about a `subject`, whose id is in their field `through`."""

    subject: str
    through: str
    hears: Mapping[type[Event], Hear]
    settles: Mapping[type[Event], Settles]


def source(subject: str, through: str, events: Iterable[type[Event]], *, late: type[Event] | None = None) -> Source:
    """By what the events are. `late`: the one that says that an item is overdue, where none says just that."""
    hears: dict[type[Event], Hear] = {}
    settles: dict[type[Event], Settles] = {}
    for event in events:
        heard = _overdue if event is late else next((hear for base, hear in _HEARS.items() if issubclass(event, base)), None)
        if heard is not None:
            hears[event] = heard
        if (ended := next((ends for base, ends in _SETTLES.items() if issubclass(event, base)), None)) is not None:
            settles[event] = ended
    return Source(subject=subject, through=through, hears=hears, settles=settles)


def _item(kind: str, e: Envelope[Any], before: Item | None, due_at: datetime | None, **more: Any) -> Item:
    since = before["since"] if before is not None else e.time.isoformat()
    due = None if due_at is None else due_at.isoformat()
    return {"kind": kind, "since": since, "due_at": due, "overdue": False, "escalated": False, "open": True, **more}


def _without(items: Items, *ids: str) -> Items:
    return {id: item for id, item in items.items() if id not in ids}


def _changed(items: Items, id: str, **said: Any) -> Items:
    return {**items, id: {**items[id], **said}} if id in items else items


# -- Tasks and deadlines: the subject is the item --------------------------------------------------------------------------------


def _named(data: TaskData | DeadlineData) -> str:
    return data.kind if isinstance(data, TaskData) else data.deadline


def _set(items: Items, e: Envelope[Any]) -> Items:
    id = str(e.subject)
    return {**items, id: _item(_named(e.data), e, items.get(id), e.data.due_at)}


def _overdue(items: Items, e: Envelope[Any]) -> Items:
    return _changed(items, str(e.subject), overdue=True)


def _escalated(items: Items, e: Envelope[Any]) -> Items:
    return _changed(items, str(e.subject), escalated=True)


def _missed(items: Items, e: Envelope[Any]) -> Items:
    """An event that says who is above the owner is told to them."""
    return _changed(items, str(e.subject), overdue=True, escalated=hasattr(e.data, "manager_id"))


def _ended(items: Items, e: Envelope[Any]) -> Items:
    return _without(items, str(e.subject))


def _ends(data: Any, subject: UUID) -> Sequence[Settled]:
    return [Settled(_named(data), subject)]


# -- Approvals: each open step is an item ----------------------------------------------------------------------------------------

APPROVAL = "approval"


def _step(approval: UUID, name: str) -> UUID:
    return external_id("approval_step", f"{approval}:{name}")


def _steps_open(items: Items, e: Envelope[Any], steps: Iterable[ApprovalStepData], not_by: Iterable[str], content: str | None) -> Items:
    given = list(not_by)
    opened = {
        str(_step(e.subject, s.name)): _item(
            APPROVAL,
            e,
            None,
            s.due_at,
            what=s.name,
            roles=s.roles,
            people=[str(person) for person in s.people],
            not_by=given,
            approval=str(e.subject),
            content=content,
            quote=str(e.data.quote_id) if isinstance(e.data, of_quotes.QuoteApprovalEvent) else None,
        )
        for s in steps
    }
    return {**items, **opened}


def _requested(items: Items, e: Envelope[Any]) -> Items:
    first = min(s.position for s in e.data.steps)
    opened = [s for s in e.data.steps if s.position == first]
    return _steps_open(items, e, opened, [str(e.data.requested_by)], e.data.content_hash)


def _of_approval(items: Items, e: Envelope[Any]) -> Items:
    return {id: item for id, item in items.items() if item.get("approval") == str(e.subject)}


def _decided(items: Items, e: Envelope[Any]) -> Items:
    """Whoever decided a step decides no other one of the approval."""
    those = _of_approval(items, e)
    others = _without(items, *those)
    if e.data.state != "open":
        return others
    not_by = {person for item in those.values() for person in item["not_by"]}
    not_by |= {str(e.data.actor.id)} if e.data.actor is not None else set()
    left = _without(those, str(_step(e.subject, e.data.step)))
    kept = {id: {**item, "not_by": sorted(not_by)} for id, item in left.items()}
    return _steps_open({**others, **kept}, e, e.data.opened, sorted(not_by), e.data.content_hash)


def _delegated(items: Items, e: Envelope[Any]) -> Items:
    return _changed(items, str(_step(e.subject, e.data.step)), delegate=str(e.data.person_id))


def _step_late(items: Items, e: Envelope[Any]) -> Items:
    return _changed(items, str(_step(e.subject, e.data.step)), overdue=True, escalated=True)


def _reopened(items: Items, e: Envelope[Any]) -> Items:
    """Who had decided these owns the record now; who decided others is among those of the items that are left."""
    those = _of_approval(items, e)
    not_by = sorted({person for item in those.values() for person in item["not_by"]})
    content = next((item["content"] for item in those.values()), None)
    return _steps_open(_without(items, *[str(_step(e.subject, name)) for name in e.data.ended]), e, e.data.steps, not_by, content)


def _withdrawn(items: Items, e: Envelope[Any]) -> Items:
    return _without(items, *_of_approval(items, e))


def _steps_end(data: Any, subject: UUID) -> Sequence[Settled]:
    decided = [data.step] if isinstance(data, ApprovalDecided) else []
    return [Settled(APPROVAL, _step(subject, name)) for name in [*decided, *data.ended]]


# -- Milestones: what is due and not paid ----------------------------------------------------------------------------------------

MILESTONE = "milestone"


def _milestone(items: Items, e: Envelope[Any]) -> Items:
    """It is open from its trigger on, as long as something is outstanding. A payment that is taken back opens it again."""
    id, data = str(e.subject), e.data
    before = items.get(id)
    due = data.due_at if isinstance(data, contract.MilestoneTriggered) else None
    item = before or _item(MILESTONE, e, None, None, paid="0", waived="0", open=False)
    if due is not None:
        item = {**item, "since": e.time.isoformat(), "due_at": due.isoformat()}
    total, paid, waived = data.amount.amount, Decimal(item["paid"]), Decimal(item["waived"])
    match data:
        case contract.MilestonePartlyPaid() | contract.MilestoneReopened():
            paid = data.paid.amount
        case contract.MilestonePaid():
            paid = total - waived
        case contract.MilestoneWaived():
            waived += data.waived.amount if data.waived is not None else total - paid
        case contract.MilestoneOverdue():
            item = {**item, "overdue": True}
    outstanding = total - paid - waived
    is_open = item["due_at"] is not None and outstanding > 0
    sums = {"paid": str(paid), "waived": str(waived), "amount": str(outstanding), "currency": data.amount.currency}
    return {**items, id: {**item, **sums, "open": is_open}}


def _milestone_ends(_data: Any, subject: UUID) -> Sequence[Settled]:
    return [Settled(MILESTONE, subject)]


_HEARS: Mapping[type[Any], Hear] = {
    TaskSet: _set,
    TaskOverdue: _overdue,
    TaskEscalated: _escalated,
    TaskDone: _ended,
    TaskDropped: _ended,
    DeadlineStarted: _set,
    DeadlineMissed: _missed,
    DeadlineMet: _ended,
    DeadlinePaused: _ended,
    DeadlineStopped: _ended,
    ApprovalRequested: _requested,
    ApprovalDecided: _decided,
    ApprovalDelegated: _delegated,
    ApprovalEscalated: _step_late,
    ApprovalReopened: _reopened,
    ApprovalWithdrawn: _withdrawn,
    contract.MilestoneEvent: _milestone,
}
"""By what an event is, whichever service tells it. The first that fits counts."""

_SETTLES: Mapping[type[Any], Settles] = {
    TaskDone: _ends,
    TaskDropped: _ends,
    DeadlineMet: _ends,
    DeadlineStopped: _ends,
    DeadlinePaused: _ends,
    ApprovalDecided: _steps_end,
    ApprovalWithdrawn: _steps_end,
    contract.MilestonePaid: _milestone_ends,
    contract.MilestoneWaived: _milestone_ends,
}
