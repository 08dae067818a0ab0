"""Waiting for something that is away, as every background task does: longer each time, said once, ended at once by a stop."""

import asyncio
import random
from contextlib import suppress

import structlog

log = structlog.get_logger()

FIRST, LONGEST = 0.1, 2.0  # seconds


async def pause(seconds: float, *until: asyncio.Event) -> None:
    """Sleep, or wake early when one of the events is set."""
    if any(event.is_set() for event in until):
        return
    waiting = [asyncio.create_task(event.wait()) for event in until]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


class Outage:
    """The state of what a task depends on. One line in the log when it goes, one when it is back; none for each attempt."""

    def __init__(self, task: str, **where: str) -> None:
        self._log = log.bind(task=task, **where)
        self._wait = FIRST
        self._away = False

    async def wait(self, error: BaseException, stop: asyncio.Event) -> None:
        """Note the failure and wait before the next attempt."""
        if not self._away:
            self._away = True
            self._log.warning("task_held_up", error=f"{type(error).__name__}: {error}")
        await pause(self._wait * random.uniform(0.8, 1.2), stop)
        self._wait = min(self._wait * 2, LONGEST)

    def over(self) -> None:
        """An attempt went well."""
        self._wait = FIRST
        if self._away:
            self._away = False
            self._log.info("task_goes_on")
