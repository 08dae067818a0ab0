"""What the timers of deadlines do."""

from collections.abc import Mapping, Sequence

from shared.db.tx import Tx
from shared.deadlines.commands import TIMER, tick
from shared.deadlines.record import DEADLINES, Deadline
from shared.timers import Handler, Timer


def deadline_timers(deadlines: Sequence[Deadline]) -> Mapping[str, Handler]:
    """The timer of these deadlines, for the service that has them."""
    named = {deadline.name: deadline for deadline in deadlines}

    async def look(tx: Tx, timer: Timer) -> None:
        found = await tx.get(DEADLINES, timer.subject)
        await tick(tx, named[found.name], found)

    return {TIMER: look}
