"""Payment milestones: what falls due when, and what is excused."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from metrics_svc.counting.dimensions import NOBODY, Placed
from metrics_svc.counting.fact import SALES, Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.times import Calendar
from metrics_svc.facts.contract import ContractFact, holder
from metrics_svc.sales.described import described
from shared.access.kinds import CASH_FIGURES
from shared.events import contract as events
from shared.events.envelope import REGISTRY, Envelope


@dataclass(slots=True)
class MilestoneFact(Placed):
    """A payment milestone: what falls due when. `due_at` is the start of its due day; `excused_at`: from when a waived rest is not owed.

    `owner_id` is as its last event tells, `due_owner_id` who had the contract on the due day.
    """

    id: UUID
    contract_id: UUID | None = None
    deal_id: UUID | None = None
    amount: Decimal | None = None
    paid: Decimal | None = None
    due_at: datetime | None = None
    waived_at: datetime | None = None
    excused_at: datetime | None = None
    excused: Decimal | None = None
    due_owner_id: UUID | None = None
    due_team_id: UUID | None = None


def _heard(fact: MilestoneFact, e: Envelope[Any], calendar: Calendar) -> None:
    data = e.data
    described(fact, data)
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


def derive_milestone(fact: MilestoneFact, contract: ContractFact | None) -> None:
    due = fact.due_at
    told = (fact.owner_id, fact.team_id)
    fact.due_owner_id, fact.due_team_id = NOBODY if due is None else holder(contract, due, told)


FACT = Fact(
    "milestone_fact",
    MilestoneFact,
    ("id",),
    lane=SALES,
    record="milestone",
    figures=CASH_FIGURES,
    hears={event: _heard for event in REGISTRY.values() if event.aggregate == "milestone"},
    indexes=("due_at", "contract_id", "deal_id"),
    sparse=("due_owner_id",),
)


# The cohort of a milestone, and of what settles it, is its due day, so that overdue amounts have an age.
DUE = Measure("due", MilestoneFact, at="due_at", cohort="due_at", aged=True, value="amount", credit="due")
EXCUSED = Measure("excused", MilestoneFact, at="excused_at", cohort="due_at", aged=True, value="excused", credit="due")
