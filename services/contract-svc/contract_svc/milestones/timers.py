"""When a milestone's day comes, and when it is past due."""

from uuid import UUID

from contract_svc.contracts.tables import CONTRACTS
from contract_svc.milestones.commands import DATE, DUE, overdue
from contract_svc.milestones.rules import State
from contract_svc.milestones.tables import MILESTONES
from contract_svc.payments.commands import fall_due
from contract_svc.payments.queries import PAID_BY
from shared.db import Tx
from shared.timers import Handler, Timer


async def day_came(tx: Tx, timer: Timer) -> None:
    contract = await tx.load(CONTRACTS, UUID(timer.data["contract_id"]))
    milestone = await tx.load(MILESTONES, timer.subject)
    if milestone.state is State.PLANNED:
        await fall_due(tx, contract, [(milestone, timer.due_at)], at=timer.due_at)


async def past_due(tx: Tx, timer: Timer) -> None:
    """Tell what was open when the due day was over, also when the timer comes late and some was paid since."""
    contract = await tx.load(CONTRACTS, UUID(timer.data["contract_id"]))
    milestone = await tx.load(MILESTONES, timer.subject)
    if milestone.outstanding and milestone.overdue_since is None:
        paid = await tx.one(PAID_BY, milestone_id=milestone.id, at=timer.due_at)
        told = overdue(contract, milestone, milestone.amount - milestone.waived - paid)
        await tx.save(MILESTONES, milestone, told, at=timer.due_at, overdue_since=timer.due_at)


TIMERS: dict[str, Handler] = {DATE: day_came, DUE: past_due}
