"""What counts as an outage, and how background tasks wait: longer each time, logged once."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from shared.errors import Unavailable

log = structlog.get_logger()

FIRST, LONGEST = 0.1, 2.0  # seconds

TAKES_NO_CHANGES = (asyncpg.exceptions.DiskFullError, asyncpg.exceptions.ReadOnlySQLTransactionError)
"""Its disk is full, or it is a standby before its promotion: reads continue. For the caller there is more to wait for than a restart."""
OUTAGE = (
    Unavailable,
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,  # shut down, crashed, starting up, statement cancelled
    asyncpg.exceptions.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.exceptions.TransactionRollbackError,  # deadlock
    asyncpg.exceptions.IdleInTransactionSessionTimeoutError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,  # a standby before its promotion
    asyncpg.exceptions.LockNotAvailableError,
)


def is_outage(error: BaseException) -> bool:
    """Whether the database is to blame, not the statement: the same will work later."""
    # asyncpg says "connection is closed" with its most general class, which also stands for misuse.
    closed = isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)
    # A server that dies says so to idle connections too; until the socket is closed they are neither usable nor closed.
    dying = isinstance(error, asyncpg.InternalClientError) and "another operation (2) is in progress" in str(error)
    return closed or dying or isinstance(error, OUTAGE)


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
        await asyncio.wait(waiting)  # their own end only: a cancellation of whoever pauses goes on


class Outage:
    """The state of what a task depends on.

    One line in the log when it goes, one when it is back; none for each attempt.
    """

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


async def every(seconds: float, look: Callable[[], Awaitable[None]], stop: asyncio.Event, outage: Outage) -> None:
    """Look at once, and again every `seconds`, until `stop` is set; waits out what is away."""
    while not stop.is_set():
        try:
            await look()
        except Exception as error:
            await outage.wait(error, stop)
        else:
            outage.over()
            await pause(seconds, stop)


async def steps(step: Callable[[], Awaitable[bool]], look_seconds: float, stop: asyncio.Event, outage: Outage) -> None:
    """Take one step after the other while they find something to do, and look again every `look_seconds` while not, until `stop` is set."""
    while not stop.is_set():
        try:
            found = await step()
        except Exception as error:
            await outage.wait(error, stop)
            continue
        outage.over()
        await pause(0 if found else look_seconds, stop)
