"""Payment milestones: what falls due when, what is open of it, and the acts done with them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

from contract_svc.contracts.record import BINDING, CONTRACT, Contract
from contract_svc.milestones.record import MILESTONE, OPEN, Milestone, MilestoneState
from shared.acts import Act, who
from shared.auth.actor import Actor, Role
from shared.calendar import day_of, end_of
from shared.errors import Unmet
from shared.events.contract import (
    MilestonePaid,
    MilestonePartlyPaid,
    MilestonePlanned,
    MilestoneReopened,
    MilestoneTriggered,
    MilestoneWaived,
)


@dataclass(frozen=True, slots=True)
class Balance:
    """What a contract's milestones add up to.

    `outstanding` includes what is not yet due; `overdue` is a part of it.
    """

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


# -- What happens to a milestone: each returns the new state --------------------------------------------------------------------


def fall_due(milestone: Milestone, at: datetime, zone: tzinfo) -> Milestone:
    """Its trigger happened. A milestone of zero (a small total, a currency without cents) is paid at once."""
    due_day = day_of(at, zone) + timedelta(days=milestone.due_days)
    after = replace(milestone, triggered_at=at, due_day=due_day, due_at=end_of(due_day, zone))
    if milestone.outstanding == 0:
        return replace(after, state=MilestoneState.PAID, settled_at=at)
    return replace(after, state=MilestoneState.TRIGGERED)


def pay(milestone: Milestone, amount: Decimal, at: datetime) -> Milestone:
    after = replace(milestone, state=MilestoneState.PARTLY_PAID, paid=milestone.paid + amount)
    if after.outstanding > 0:
        return after
    return replace(after, state=MilestoneState.PAID, settled_at=effective(milestone, at), overdue_since=None)


def effective(milestone: Milestone, at: datetime) -> datetime:
    """When money that came in at `at` counts for the milestone: not before its trigger."""
    return max(at, milestone.triggered_at or at)


def take_back(milestone: Milestone, amount: Decimal) -> Milestone:
    paid = milestone.paid - amount
    return replace(milestone, state=MilestoneState.PARTLY_PAID if paid else MilestoneState.TRIGGERED, paid=paid, settled_at=None)


def waive(milestone: Milestone, at: datetime) -> Milestone:
    waived = milestone.waived + milestone.outstanding
    return replace(milestone, state=MilestoneState.WAIVED, waived=waived, settled_at=effective(milestone, at), overdue_since=None)


# -- Acts ---------------------------------------------------------------------------------------------------------------------


def _waive_needs(milestone: Milestone, contract: Contract, by: Actor) -> Iterable[Unmet]:
    if contract.state not in BINDING:
        yield CONTRACT.wrong_state(contract, BINDING)
    if milestone.outstanding == 0:
        yield Unmet("nothing_open", "Nothing of this milestone is open.")


WAIVE: Act[Milestone, Contract] = Act(
    of=MILESTONE,
    name="waive",
    operation="waive_milestone",
    who=who(Role.finance, Role.admin),
    moves=tuple((state, MilestoneState.WAIVED) for state in OPEN),
    needs=_waive_needs,
    tells=(MilestoneWaived,),
    refused="The milestone cannot be waived.",
    code="milestone_not_waivable",
    says="Waives what is still open of it.",
    asks="The contract is signed, something is open.",
    sample=lambda *_: {"reason": "Not asked for any more"},
)
PLAN: Act[Milestone, Contract] = Act(
    of=MILESTONE,
    name="plan",
    makes=True,
    to=(MilestoneState.PLANNED,),
    tells=(MilestonePlanned,),
    says="Plans a step of the payment schedule of a contract that is drafted.",
)
FALL_DUE: Act[Milestone, Contract] = Act(
    of=MILESTONE,
    name="fall_due",
    states=(MilestoneState.PLANNED,),
    to=(MilestoneState.TRIGGERED,),
    tells=(MilestoneTriggered,),
    says="Falls due because its trigger happened: signature, go-live, acceptance, or its day.",
)
PAY_PART: Act[Milestone, Contract] = Act(
    of=MILESTONE,
    name="pay_part",
    states=(MilestoneState.TRIGGERED, MilestoneState.PARTLY_PAID),
    to=(MilestoneState.PARTLY_PAID,),
    tells=(MilestonePartlyPaid,),
    says="Takes from a payment a part of what is open.",
)
PAY: Act[Milestone, Contract] = Act(
    of=MILESTONE,
    name="pay",
    states=(MilestoneState.TRIGGERED, MilestoneState.PARTLY_PAID),
    to=(MilestoneState.PAID,),
    tells=(MilestonePaid,),
    says="Takes from payments all that was open.",
)
TAKE_BACK: Act[Milestone, Contract] = Act(
    of=MILESTONE,
    name="take_back",
    states=(MilestoneState.PARTLY_PAID, MilestoneState.PAID, MilestoneState.WAIVED),
    to=(MilestoneState.TRIGGERED, MilestoneState.PARTLY_PAID),
    tells=(MilestoneReopened,),
    says="Opens again what a payment gave that is reversed.",
)
MILESTONE_ACTS = (PLAN, FALL_DUE, PAY_PART, PAY, TAKE_BACK, WAIVE)
