"""What happens to milestones.

Callers hold the lock of the contract, which orders all changes to its milestones.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from contract_svc.contracts.commands import about as about_contract
from contract_svc.contracts.commands import dimensions
from contract_svc.contracts.queries import SEEN
from contract_svc.contracts.record import Contract, ContractState
from contract_svc.contracts.tables import CONTRACTS
from contract_svc.milestones import rules
from contract_svc.milestones.queries import OF_CONTRACT
from contract_svc.milestones.record import Milestone, MilestoneState, Term
from contract_svc.milestones.rules import WAIVE
from contract_svc.milestones.tables import MILESTONES
from shared.db.tx import Tx
from shared.events.contract import (
    ContractCompleted,
    ContractPaidInFull,
    ContractPaymentReopened,
    ContractReopened,
    MilestoneData,
    MilestoneEvent,
    MilestoneOverdue,
    MilestonePaid,
    MilestonePartlyPaid,
    MilestonePlanned,
    MilestoneReopened,
    MilestoneTriggered,
    MilestoneWaived,
)
from shared.events.envelope import Event, Money
from shared.ids import new_id
from shared.money import shares
from shared.occurred import happened
from shared.timers import cancel_timers, set_timer

DUE, DATE = "milestone_due", "milestone_date"
"""Timers whose subject is the milestone. Their data names the contract, which must be locked first."""

Part = tuple[Milestone, Decimal]
"""An amount that a milestone gets, or gives back."""
Change = tuple[Milestone, Sequence[tuple[Event, datetime]]]
E = TypeVar("E", bound=MilestoneEvent)


def _money(milestone: Milestone, amount: Decimal) -> Money:
    return Money(amount=amount, currency=milestone.currency)


def about(event: type[E], contract: Contract, milestone: Milestone, **more: Any) -> E:
    """The event, with what it carries of the milestone's fields and of its contract's."""
    of_contract = {**dimensions(contract), "deal_id": contract.deal_id, "fx": contract.fx, "policy_version": contract.policy_version}
    return event.of(milestone, amount=_money(milestone, milestone.amount), **of_contract, **more)


def as_data(milestone: Milestone) -> MilestoneData:
    return MilestoneData.model_validate(milestone, from_attributes=True)


async def _keep(tx: Tx, changes: Sequence[Change]) -> list[Milestone]:
    return await tx.save_many(MILESTONES, [(replace(m, updated_at=tx.now), events) for m, events in changes])


def planned(contract: Contract, terms: Sequence[Term], now: datetime) -> list[Milestone]:
    """The payment schedule as milestones. Their amounts add up to the contract's total to the last cent.

    They are those of the terms, where these say exactly the total; an older quote says percents alone.
    """
    named = [t.amount for t in terms if t.amount is not None]
    whole = len(named) == len(terms) and sum(named, Decimal(0)) == contract.total
    amounts = named if whole else shares(contract.total, [t.percent for t in terms], contract.currency)
    return [
        Milestone(
            id=new_id(),
            version=0,
            contract_id=contract.id,
            position=position,
            trigger=term.trigger,
            percent=term.percent,
            amount=amount,
            currency=contract.currency,
            due_days=term.due_days,
            due_on=term.due_on,
            state=MilestoneState.PLANNED,
            paid=Decimal(0),
            waived=Decimal(0),
            created_at=now,
            updated_at=now,
        )
        for position, (term, amount) in enumerate(zip(terms, amounts, strict=True), 1)
    ]


async def add(tx: Tx, contract: Contract, milestones: Sequence[Milestone], *, at: datetime) -> None:
    await tx.add_many(MILESTONES, [(m, [(about(MilestonePlanned, contract, m), at)]) for m in milestones])


async def fall_due(tx: Tx, contract: Contract, due: Sequence[tuple[Milestone, datetime]]) -> None:
    """Make these fall due, each at its time. A timer watches the due day of what is not paid."""
    changes: list[Change] = []
    for milestone, at in due:
        after = rules.fall_due(milestone, at, tx.settings.zone)
        assert after.due_at is not None
        told: list[tuple[Event, datetime]] = [(about(MilestoneTriggered, contract, after), at)]
        if after.state is MilestoneState.PAID:
            told.append((about(MilestonePaid, contract, after, paid_at=at), at))
        else:
            await set_timer(tx, DUE, after.id, after.due_at, {"contract_id": contract.id})
        changes.append((after, told))
    await _keep(tx, changes)


async def pay(tx: Tx, contract: Contract, parts: Sequence[Part], *, at: datetime) -> None:
    """Give milestones their parts of money that came in at `at`."""
    changes: list[Change] = []
    for milestone, amount in parts:
        after, when = rules.pay(milestone, amount, at), rules.effective(milestone, at)
        if after.state is MilestoneState.PAID:
            await cancel_timers(tx, after.id)
            changes.append((after, [(about(MilestonePaid, contract, after, paid_at=when), when)]))
        else:
            changes.append((after, [(about(MilestonePartlyPaid, contract, after, paid=_money(after, after.paid)), when)]))
    await _keep(tx, changes)


async def take_back(tx: Tx, contract: Contract, parts: Sequence[Part], *, at: datetime) -> None:
    """Take back money that left at `at`.

    What is past its due day is overdue at once, the rest by its timer.
    """
    changes: list[Change] = []
    for milestone, amount in parts:
        after = rules.take_back(milestone, amount)
        told: list[tuple[Event, datetime]] = [(about(MilestoneReopened, contract, after, paid=_money(after, after.paid)), at)]
        if after.due_at is not None and after.overdue_since is None:
            if after.due_at > tx.now:
                await set_timer(tx, DUE, after.id, after.due_at, {"contract_id": contract.id})
            else:
                late_since = max(after.due_at, at)
                after = replace(after, overdue_since=late_since)
                told.append((overdue(contract, after, after.outstanding), late_since))
        changes.append((after, told))
    await _keep(tx, changes)


def overdue(contract: Contract, milestone: Milestone, outstanding: Decimal) -> MilestoneOverdue:
    return about(MilestoneOverdue, contract, milestone, outstanding=_money(milestone, outstanding))


async def waive(
    tx: Tx, contract_id: UUID, milestone_id: UUID, *, reason: str, expect: int | None, at: datetime | None
) -> tuple[Contract, Milestone]:
    """Waive what is open of a milestone."""
    contract = await SEEN.load(tx, contract_id)
    milestone = await tx.load(MILESTONES, milestone_id, expect)
    if milestone.contract_id != contract_id:
        raise MILESTONES.missing()
    WAIVE.check(milestone, tx.actor, facts=contract)
    when = happened(tx, at, since=contract.signed_at)
    (after,) = await _waive(tx, contract, [milestone], reason, when)
    return await settle(tx, contract, at=when), after


async def waive_open(
    tx: Tx, contract: Contract, reason: str, *, at: datetime, which: Callable[[Milestone], bool] = lambda milestone: True
) -> None:
    """Waive what is open of these milestones, because the contract ended."""
    milestones = await tx.all(OF_CONTRACT, contract_id=contract.id)
    await _waive(tx, contract, [m for m in milestones if m.outstanding and which(m)], reason, at)


async def _waive(tx: Tx, contract: Contract, milestones: Sequence[Milestone], reason: str, at: datetime) -> list[Milestone]:
    changes: list[Change] = []
    for milestone in milestones:
        after, open_before = rules.waive(milestone, at), _money(milestone, milestone.outstanding)
        await cancel_timers(tx, after.id)
        told = about(MilestoneWaived, contract, after, reason=reason, waived=open_before)
        changes.append((after, [(told, rules.effective(milestone, at))]))
    return await _keep(tx, changes)


async def settle(tx: Tx, contract: Contract, *, at: datetime) -> Contract:
    """Bring the contract in line with its milestones: paid in full, open again, or completed.

    `at`: when the milestones changed last. Each outcome has the time from which it was true.
    """
    milestones = await tx.all(OF_CONTRACT, contract_id=contract.id)
    if any(m.outstanding for m in milestones):
        return await _open_again(tx, contract, at)
    settled_at = max((m.settled_at for m in milestones if m.settled_at), default=at)
    if contract.paid_at is None and any(m.paid for m in milestones):
        came_in = Money(amount=rules.balance(milestones).paid, currency=contract.currency)
        told = about_contract(ContractPaidInFull, contract, paid_at=settled_at, paid=came_in)
        contract = await tx.save(CONTRACTS, contract, told, at=settled_at, paid_at=settled_at)
    if contract.state is ContractState.ACTIVE and contract.accepted_at is not None:
        done_at = max(settled_at, contract.accepted_at)
        completed = about_contract(ContractCompleted, contract)
        contract = await tx.save(CONTRACTS, contract, completed, at=done_at, state=ContractState.COMPLETED, closed_at=done_at)
    return contract


async def _open_again(tx: Tx, contract: Contract, at: datetime) -> Contract:
    if contract.paid_at is None:
        return contract
    told: list[Event] = [about_contract(ContractPaymentReopened, contract)]
    if contract.state is not ContractState.COMPLETED:
        return await tx.save(CONTRACTS, contract, *told, at=at, paid_at=None)
    told.append(about_contract(ContractReopened, contract))
    return await tx.save(CONTRACTS, contract, *told, at=at, paid_at=None, state=ContractState.ACTIVE, closed_at=None)
