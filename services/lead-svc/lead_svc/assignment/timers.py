"""The leads in the queue are looked at again: somebody may be there by now, or have room."""

from datetime import timedelta
from uuid import UUID

from lead_svc.assignment.commands import AGAIN, look_again
from shared.db.tx import Tx
from shared.timers import Timer, set_timer


async def again(tx: Tx, timer: Timer) -> None:
    last = await look_again(tx, UUID(timer.data.get("after", str(UUID(int=0)))))
    if last is not None:  # the next ones at once, in a transaction of their own
        await set_timer(tx, AGAIN, timer.subject, timer.due_at + timedelta(microseconds=1), {"after": str(last)})
