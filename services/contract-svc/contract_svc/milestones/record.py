"""A payment milestone as its table has it, and its states."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from contract_svc.contracts.record import CONTRACT, Contract
from shared.acts import Subject
from shared.errors import Unmet
from shared.stored import Stored


class Trigger(StrEnum):
    SIGNED = "signed"
    GO_LIVE = "go_live"
    ACCEPTED = "accepted"
    DATE = "date"


class MilestoneState(StrEnum):
    PLANNED = "planned"
    TRIGGERED = "triggered"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    WAIVED = "waived"


OPEN = (MilestoneState.PLANNED, MilestoneState.TRIGGERED, MilestoneState.PARTLY_PAID)


@dataclass(frozen=True, slots=True)
class Term:
    """One step of a payment schedule.

    `percent` of the total, or `amount` where the quote says it, falls due `due_days` after its trigger; `due_on` is the day of a trigger
    that is a date.
    Days are calendar days of the company: 30 days after Monday is the Wednesday of the fifth week, also when the clocks change between.
    """

    trigger: Trigger
    percent: Decimal
    due_days: int
    due_on: date | None = None
    amount: Decimal | None = None


_MONEY = Stored(digits=(18, 4))


@dataclass(frozen=True, slots=True)
class Milestone:
    """`paid` is the sum of what payments gave it, `waived` what finance gave up; the rest is outstanding.

    `due_day` is the last day to pay, and `due_at` the end of that day where the company is: from then on it is overdue.
    """

    id: UUID
    version: int
    contract_id: Annotated[UUID, Stored(refers="contract.id")]
    position: int
    trigger: Trigger
    percent: Annotated[Decimal, Stored(digits=(7, 4))]
    amount: Annotated[Decimal, _MONEY]
    currency: str
    due_days: Annotated[int, Stored(comment="after the trigger")]
    state: MilestoneState
    paid: Annotated[Decimal, _MONEY]
    waived: Annotated[Decimal, _MONEY]
    created_at: datetime
    updated_at: datetime
    due_on: Annotated[date | None, Stored(comment="the trigger's day, where that is a date")] = None
    triggered_at: datetime | None = None
    due_day: Annotated[date | None, Stored(comment="the last day to pay")] = None
    due_at: Annotated[datetime | None, Stored(comment="the end of due_day in the company's zone; overdue from then on")] = None
    overdue_since: datetime | None = None
    settled_at: Annotated[datetime | None, Stored(comment="when nothing was open any more")] = None

    @property
    def outstanding(self) -> Decimal:
        return self.amount - self.paid - self.waived

    @property
    def payable(self) -> bool:
        return self.triggered_at is not None and self.outstanding > 0


MILESTONE: Subject[Milestone, Contract] = Subject(
    name="milestone",
    label="milestone",
    states=MilestoneState,
    state=lambda milestone: milestone.state,
    owner=lambda _, contract: contract.owner_id,
    not_owner=CONTRACT.not_owner,
    wrong_state=lambda milestone, states: Unmet("wrong_state", f"The milestone is {milestone.state}; this needs {' or '.join(states)}."),
)
