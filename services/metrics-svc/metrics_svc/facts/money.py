"""What contract-svc's events mean for milestones and payments. Amounts are converted with the rate frozen in each event."""

from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from metrics_svc.facts.deals import microseconds
from metrics_svc.facts.rows import AllocationFact, MilestoneFact, PaymentFact
from shared.calendar import day_of, start_of
from shared.events import contract as events
from shared.events.envelope import Envelope
from shared.spelling import normal_source


def _who(fact: MilestoneFact | PaymentFact, data: Any) -> None:
    fact.contract_id, fact.deal_id = data.contract_id, data.deal_id
    fact.owner_id, fact.team_id = data.owner_id, data.team_id
    fact.source, fact.product, fact.region = data.source and normal_source(data.source), data.product, data.region


class Calendar(NamedTuple):
    """The company's zone, and the zone it had when events did not name due days yet."""

    zone: tzinfo
    first_zone: tzinfo

    def due(self, data: Any) -> datetime | None:
        """When the due day of a milestone begins: the instant by which figures find that day in the company's zone."""
        if data.due_day is not None:
            return start_of(data.due_day, self.zone)
        return None if data.due_at is None else start_of(day_of(data.due_at, self.first_zone), self.zone)


def milestone_heard(fact: MilestoneFact, e: Envelope[Any], calendar: Calendar) -> None:
    data = e.data
    _who(fact, data)
    fact.amount = data.amount.amount * data.fx
    match data:
        case events.MilestoneTriggered():
            fact.due_at = calendar.due(data)
        case events.MilestonePartlyPaid() | events.MilestoneReopened():
            fact.paid = data.paid.amount * data.fx
        case events.MilestoneWaived():
            # Only what was open then is excused. A later reversal opens what was paid, and that is owed.
            fact.waived_at = e.time
            fact.excused = data.waived.amount * data.fx if data.waived else fact.amount - (fact.paid or 0)
    if fact.waived_at is not None and fact.due_at is not None:
        fact.excused_at = max(fact.waived_at, fact.due_at)


def payment_heard(fact: PaymentFact, e: Envelope[Any], calendar: Calendar) -> None:
    data = e.data
    _who(fact, data)
    match data:
        case events.PaymentReceived():
            fact.amount = data.amount.amount * data.fx
            fact.received_at, fact.signed_at = data.received_at, data.signed_at
            fact.waited = fact.amount * microseconds(data.received_at - data.signed_at)
            _allocate(fact, data, data.received_at, calendar)
        case events.PaymentAllocated():
            _allocate(fact, data, e.time, calendar)
        case events.PaymentReversed():
            fact.reversed_at = data.reversed_at


def _allocate(fact: PaymentFact, data: Any, at: datetime, calendar: Calendar) -> None:
    for a in data.allocations:
        day = calendar.due(a) or at
        allocated = [str(a.milestone_id), str(a.amount * data.fx), day.isoformat(), max(at, day).isoformat()]
        fact.allocations = [*fact.allocations, allocated]


def derive(fact: PaymentFact) -> list[AllocationFact]:
    """What the payment settles. Cash that came before the due day settles on that day, because nothing was owed before."""
    made = []
    for n, (milestone, amount, due, settles) in enumerate(fact.allocations):
        settles_at = datetime.fromisoformat(settles)
        allocation = AllocationFact(
            payment_id=fact.id,
            n=n,
            milestone_id=UUID(milestone),
            amount=Decimal(amount),
            due_at=datetime.fromisoformat(due),
            settles_at=settles_at,
            taken_back_at=None if fact.reversed_at is None else max(fact.reversed_at, settles_at),
            owner_id=fact.owner_id,
            team_id=fact.team_id,
            source=fact.source,
            product=fact.product,
            region=fact.region,
        )
        made.append(allocation)
    return made
