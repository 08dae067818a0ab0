"""What contract-svc's events mean for milestones and payments. Amounts are converted with the rate frozen in each event."""

from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from metrics_svc.facts.deals import microseconds
from metrics_svc.facts.holders import NOBODY, holder_at
from metrics_svc.facts.rows import AllocationFact, ContractFact, Holder, MilestoneFact, PaymentFact
from shared.calendar import day_of, start_of
from shared.events import contract as events
from shared.events.envelope import Envelope
from shared.spelling import normal_source


def _described(fact: MilestoneFact | PaymentFact, data: Any) -> None:
    fact.contract_id, fact.deal_id = data.contract_id, data.deal_id
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
    _described(fact, data)
    fact.owner_id, fact.team_id = data.owner_id, data.team_id
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
    _described(fact, data)
    match data:
        case events.PaymentReceived():
            fact.owner_id, fact.team_id = data.owner_id, data.team_id
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


def _holder(contract: ContractFact | None, at: datetime, told: Holder) -> Holder:
    """Who had the contract then; who the milestone or payment names, as long as the contract itself is not known."""
    return holder_at(contract.holders, at) if contract is not None and contract.holders else told


def derive_milestone(fact: MilestoneFact, contract: ContractFact | None) -> None:
    due = fact.due_at
    told = (fact.owner_id, fact.team_id)
    fact.due_owner_id, fact.due_team_id = NOBODY if due is None else _holder(contract, due, told)


def derive(fact: PaymentFact, contract: ContractFact | None) -> list[AllocationFact]:
    """What the payment settles. Cash that came before the due day settles on that day, because nothing was owed before."""
    made = []
    for n, (milestone, amount, due, settles) in enumerate(fact.allocations):
        due_at, settles_at = datetime.fromisoformat(due), datetime.fromisoformat(settles)
        owner, team = _holder(contract, due_at, (fact.owner_id, fact.team_id))
        allocation = AllocationFact(
            payment_id=fact.id,
            n=n,
            deal_id=fact.deal_id,
            milestone_id=UUID(milestone),
            amount=Decimal(amount),
            due_at=due_at,
            settles_at=settles_at,
            taken_back_at=None if fact.reversed_at is None else max(fact.reversed_at, settles_at),
            owner_id=owner,
            team_id=team,
            source=fact.source,
            product=fact.product,
            region=fact.region,
        )
        made.append(allocation)
    return made
