"""Timers of milestones: its day has come (credit goes to it), and it is past due."""

from dataclasses import replace
from uuid import UUID

from contract_svc.contracts.tables import CONTRACTS
from contract_svc.milestones.commands import DATE, DUE, overdue
from contract_svc.milestones.record import MilestoneState
from contract_svc.milestones.tables import MILESTONES
from contract_svc.payments.commands import fall_due
from contract_svc.payments.queries import PAID_BY
from shared.calendar import day_of, end_of
from shared.db.tx import Tx
from shared.timers import Handler, Timer, set_timer


async def day_came(tx: Tx, timer: Timer) -> None:
    contract = await tx.load(CONTRACTS, UUID(timer.data["contract_id"]))
    milestone = await tx.load(MILESTONES, timer.subject)
    if milestone.state is MilestoneState.PLANNED:
        await fall_due(tx, contract, [(milestone, timer.due_at)], at=timer.due_at)


async def past_due(tx: Tx, timer: Timer) -> None:
    """Tell what was open at the end of the due day, even if the timer is late and a part was paid since."""
    contract = await tx.load(CONTRACTS, UUID(timer.data["contract_id"]))
    milestone = await tx.load(MILESTONES, timer.subject)
    if not milestone.outstanding or milestone.overdue_since is not None:
        return
    due_day, over = milestone.due_day, milestone.due_at
    if due_day is None or over is None:  # set by an earlier release
        due_day = day_of(over or timer.due_at, tx.settings.zone)
        over = end_of(due_day, tx.settings.zone)
    if over > tx.now:
        await set_timer(tx, DUE, milestone.id, over, timer.data)
        return
    paid = await tx.one(PAID_BY, milestone_id=milestone.id, at=over)
    late = replace(milestone, due_day=due_day, due_at=over)
    told = overdue(contract, late, milestone.amount - milestone.waived - paid)
    await tx.save(MILESTONES, milestone, told, at=over, overdue_since=over, due_day=due_day, due_at=over)


TIMERS: dict[str, Handler] = {DATE: day_came, DUE: past_due}
