"""A nurtured lead is taken up again on its wake-up date."""

from lead_svc.leads import commands
from lead_svc.leads.rules import State
from lead_svc.leads.tables import LEADS
from shared.db import Tx
from shared.timers import Timer


async def wake(tx: Tx, timer: Timer) -> None:
    lead = await tx.load(LEADS, timer.subject)
    if lead.state is State.NURTURING and lead.wake_at == timer.due_at:
        await commands.reactivate(tx, lead.id, reason="wake_up", at=timer.due_at, expect=None)
