"""A quote that was sent and not answered expires when its validity has ended."""

from deal_svc.quotes import commands
from shared.db.tx import Tx
from shared.timers import Timer


async def expire(tx: Tx, timer: Timer) -> None:
    await commands.expire(tx, timer.subject, timer.due_at)


TIMERS = {commands.EXPIRY: expire}
