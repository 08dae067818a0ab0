"""What the timers of tasks do."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

from shared.db.tx import Tx
from shared.tasks.commands import TIMER, tick
from shared.tasks.record import TASKS, Task, TaskKind
from shared.timers import Handler, Timer

Due = Callable[[Tx, Task], Awaitable[None]]


def task_timers(kinds: Sequence[TaskKind], due: Mapping[str, Due] = MappingProxyType({})) -> Mapping[str, Handler]:
    """The reminder of these tasks, for the service that has them. `due`: what happens by itself when one of a kind is due."""
    named = {kind.name: kind for kind in kinds}

    async def told(tx: Tx, timer: Timer) -> None:
        task = await tx.get(TASKS, timer.subject)
        if await tick(tx, named[task.kind], task) and task.kind in due:
            await due[task.kind](tx, task)

    return {TIMER: told}
