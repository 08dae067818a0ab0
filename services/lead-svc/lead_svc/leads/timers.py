"""A nurtured lead is taken up again on its wake-up date, and leads follow their owner into another team."""

from datetime import timedelta

from lead_svc.leads import commands
from lead_svc.leads.record import State
from lead_svc.leads.tables import LEADS
from lead_svc.team.rules import MOVED
from shared.db.tx import Tx
from shared.tasks.record import Task
from shared.timers import Timer, set_timer


async def wake(tx: Tx, timer: Timer) -> None:
    lead = await tx.load(LEADS, timer.subject)
    if lead.state is State.NURTURING and lead.wake_at == timer.due_at:
        await commands.reactivate(tx, lead.id, reason="wake_up", at=timer.due_at, expect=None)


async def wake_up(tx: Tx, task: Task) -> None:
    lead = await tx.load(LEADS, task.record_id)
    if lead.state is State.NURTURING and lead.wake_at == task.due_at:
        await commands.reactivate(tx, lead.id, reason="wake_up", at=task.due_at, expect=None)


async def person_moved(tx: Tx, timer: Timer) -> None:
    if await commands.follow_owner(tx, timer.subject, at=timer.due_at):
        # At once, but as a timer of its own: one transaction must not lock all leads of a large owner.
        await set_timer(tx, MOVED, timer.subject, timer.due_at + timedelta(microseconds=1))
