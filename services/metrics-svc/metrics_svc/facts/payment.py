"""Cash: what came in, and what it settles. Amounts are converted with the rate frozen in each event."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, dimensions
from metrics_svc.counting.fact import SALES, Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.times import Calendar, microseconds
from metrics_svc.facts.allocation import AllocationFact
from metrics_svc.facts.contract import ContractFact, holder
from metrics_svc.sales.described import described
from shared.access.kinds import CASH_FIGURES
from shared.events import contract as events
from shared.events.envelope import REGISTRY, Envelope


@dataclass(slots=True)
class PaymentFact(Placed):
    """Cash that came in, and who had the contract then. `waited`: amount × microseconds from signature to receipt, for weighted means."""

    id: UUID
    contract_id: UUID | None = None
    deal_id: UUID | None = None
    amount: Decimal | None = None
    waited: Decimal | None = None
    received_at: datetime | None = None
    signed_at: datetime | None = None
    reversed_at: datetime | None = None
    allocations: list[list[Any]] = field(default_factory=list)


def _heard(fact: PaymentFact, e: Envelope[Any], calendar: Calendar) -> None:
    data = e.data
    described(fact, data)
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


def derive(fact: PaymentFact, contract: ContractFact | None) -> list[AllocationFact]:
    """What the payment settles. Cash that came before the due day settles on that day, because nothing was owed before."""
    made = []
    for n, (milestone, amount, due, settles) in enumerate(fact.allocations):
        due_at, settles_at = datetime.fromisoformat(due), datetime.fromisoformat(settles)
        allocation = AllocationFact(
            *holder(contract, due_at, (fact.owner_id, fact.team_id)),
            *dimensions(fact)[2:],
            payment_id=fact.id,
            n=n,
            deal_id=fact.deal_id,
            milestone_id=UUID(milestone),
            amount=Decimal(amount),
            due_at=due_at,
            settles_at=settles_at,
            taken_back_at=None if fact.reversed_at is None else max(fact.reversed_at, settles_at),
        )
        made.append(allocation)
    return made


FACT = Fact(
    "payment_fact",
    PaymentFact,
    ("id",),
    lane=SALES,
    record="payment",
    figures=CASH_FIGURES,
    hears={event: _heard for event in REGISTRY.values() if event.aggregate == "payment"},
    indexes=("received_at", "owner_id", "contract_id", "deal_id"),
)


CASH = Measure("cash", PaymentFact, at="received_at", value="amount")
CASH_WAITED = Measure("cash_waited", PaymentFact, at="received_at", value="waited")
CASH_BACK = Measure("cash_back", PaymentFact, at="reversed_at", value="amount")
CASH_BACK_WAITED = Measure("cash_back_waited", PaymentFact, at="reversed_at", value="waited")
