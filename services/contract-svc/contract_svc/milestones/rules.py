"""Payment milestones: what falls due when, and what is still open of it (C6, domain-model §4). Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from contract_svc.contracts.rules import BINDING, Contract, state_unmet
from shared.auth.actor import Actor, Role
from shared.calendar import day_of, end_of
from shared.errors import Unmet


class Trigger(StrEnum):
    SIGNED = "signed"
    GO_LIVE = "go_live"
    ACCEPTED = "accepted"
    DATE = "date"


class State(StrEnum):
    PLANNED = "planned"
    TRIGGERED = "triggered"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Term:
    """One step of a payment schedule: `percent` of the total falls due `due_days` after its trigger, `due_on` for a date.

    Days are calendar days of the company: 30 days after Monday is the Wednesday of the fifth week, also when the clocks change between.
    """

    trigger: Trigger
    percent: Decimal
    due_days: int = 30
    due_on: date | None = None


DEFAULT_SCHEDULE = (Term(Trigger.SIGNED, Decimal(50)), Term(Trigger.GO_LIVE, Decimal(30)), Term(Trigger.ACCEPTED, Decimal(20)))
"""C6; 30 days net is our default."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """`paid` is the sum of what payments gave it, `waived` what finance does not ask for any more; the rest is outstanding.

    `due_day` is the last day to pay, and `due_at` the end of that day where the company is: from then on it is overdue.
    """

    id: UUID
    version: int
    contract_id: UUID
    position: int
    trigger: Trigger
    percent: Decimal
    amount: Decimal
    currency: str
    due_days: int
    due_on: date | None
    state: State
    triggered_at: datetime | None
    due_day: date | None
    due_at: datetime | None
    overdue_since: datetime | None
    paid: Decimal
    waived: Decimal
    settled_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def outstanding(self) -> Decimal:
        return self.amount - self.paid - self.waived

    @property
    def payable(self) -> bool:
        return self.triggered_at is not None and self.outstanding > 0


@dataclass(frozen=True, slots=True)
class Balance:
    """What a contract's milestones add up to. `overdue` is a part of `outstanding`, and that covers what is not due yet too."""

    paid: Decimal
    waived: Decimal
    outstanding: Decimal
    overdue: Decimal


def balance(milestones: Sequence[Milestone]) -> Balance:
    def total(amounts: Iterable[Decimal]) -> Decimal:
        return sum(amounts, Decimal(0))

    return Balance(
        total(m.paid for m in milestones),
        total(m.waived for m in milestones),
        total(m.outstanding for m in milestones),
        total(m.outstanding for m in milestones if m.overdue_since),
    )


# -- What happens to one: the milestone as it is afterwards --------------------------------------------------------------------


def fall_due(milestone: Milestone, at: datetime, zone: tzinfo) -> Milestone:
    """Its trigger happened. A share of nothing (a small total, a currency without cents) is paid at once."""
    due_day = day_of(at, zone) + timedelta(days=milestone.due_days)
    after = replace(milestone, triggered_at=at, due_day=due_day, due_at=end_of(due_day, zone))
    if milestone.outstanding == 0:
        return replace(after, state=State.PAID, settled_at=at)
    return replace(after, state=State.TRIGGERED)


def pay(milestone: Milestone, amount: Decimal, at: datetime) -> Milestone:
    after = replace(milestone, state=State.PARTLY_PAID, paid=milestone.paid + amount)
    if after.outstanding > 0:
        return after
    return replace(after, state=State.PAID, settled_at=effective(milestone, at), overdue_since=None)


def effective(milestone: Milestone, at: datetime) -> datetime:
    """When money that came at `at` counts for the milestone: not before it was asked for."""
    return max(at, milestone.triggered_at or at)


def take_back(milestone: Milestone, amount: Decimal) -> Milestone:
    paid = milestone.paid - amount
    return replace(milestone, state=State.PARTLY_PAID if paid else State.TRIGGERED, paid=paid, settled_at=None)


def waive(milestone: Milestone, at: datetime) -> Milestone:
    waived = milestone.waived + milestone.outstanding
    return replace(milestone, state=State.WAIVED, waived=waived, settled_at=effective(milestone, at), overdue_since=None)


# -- Guards -------------------------------------------------------------------------------------------------------------------

WAIVING = (Role.finance, Role.admin)


def waive_unmet(contract: Contract, milestone: Milestone, by: Actor) -> list[Unmet]:
    unmet = state_unmet(contract, *BINDING)
    if not by.has(*WAIVING):
        unmet.append(Unmet("not_finance", "Only finance waives a payment."))
    if milestone.outstanding == 0:
        unmet.append(Unmet("nothing_open", "Nothing of this milestone is open."))
    return unmet
