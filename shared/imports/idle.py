"""Waiting for the next import: looked for less often the longer none came, and at once when one came in this process."""

import asyncio
from weakref import WeakSet

from shared.process.outage import pause

FIRST, LONGEST = 0.1, 1.0  # seconds


class Idle:
    """One runner's wait."""

    def __init__(self, things: str) -> None:
        self.things = things
        self._wait = FIRST
        self._woken = asyncio.Event()
        _waiting.add(self)

    async def wait(self, stop: asyncio.Event) -> None:
        await pause(self._wait, stop, self._woken)
        self._wait = FIRST if self._woken.is_set() else min(self._wait * 2, LONGEST)
        self._woken.clear()

    def over(self) -> None:
        """There was something to do."""
        self._wait = FIRST

    def wake(self) -> None:
        self._woken.set()


_waiting: WeakSet[Idle] = WeakSet()


def wake(things: str) -> None:
    """There is an import: who waits for it in this process looks now."""
    for idle in _waiting:
        if idle.things == things:
            idle.wake()
