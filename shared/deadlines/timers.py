"""What the timers of deadlines do."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

from shared.db.tx import Tx
from shared.deadlines.commands import TIMER, tick
from shared.deadlines.record import DEADLINES, Deadline, Running
from shared.timers import Handler, Timer

Missed = Callable[[Tx, Running], Awaitable[None]]


def deadline_timers(deadlines: Sequence[Deadline], missed: Mapping[str, Missed] = MappingProxyType({})) -> Mapping[str, Handler]:
    """The timer of these deadlines, for the service that has them. `missed`: what happens by itself when one of a name is missed."""
    named = {deadline.name: deadline for deadline in deadlines}

    async def look(tx: Tx, timer: Timer) -> None:
        found = await tx.get(DEADLINES, timer.subject)
        if await tick(tx, named[found.name], found) and found.name in missed:
            await missed[found.name](tx, found)

    return {TIMER: look}
