"""People who left: those whom the roster knows as inactive are refused, whatever their token says."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

import structlog
from sqlalchemy import select

from shared.auth import Actor
from shared.db.database import Database
from shared.db.query import Query
from shared.db.tables import ROSTER
from shared.errors import Forbidden

FRESH = 2.0
"""Seconds after which they are read again, beside the requests, while what is known still counts."""
KEEP = 5.0
"""Seconds after which a request waits for that: in an idle process nothing else reads them."""

_LEFT = Query(select(ROSTER.c.person_id).where(~ROSTER.c.active), UUID)
_log = structlog.get_logger()


class Leavers:
    """The inactive people of this service's roster, in memory: one small statement in two seconds, whatever the requests."""

    def __init__(self, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._db, self._clock = db, clock
        self._ids: frozenset[UUID] = frozenset()
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def refuse(self, actor: Actor) -> None:
        """Raises `Forbidden` for somebody who left. While the database is away, what was known last counts."""
        age = self._clock() - self._read_at
        if age >= FRESH:
            await self._read_again(wait=age >= KEEP)
        if actor.id in self._ids:
            says = "You are not active in Clinch any more. An admin or sales operations can make you active again in the roster."
            raise Forbidden(says, code="person_inactive")

    def note(self, person_id: UUID, *, active: bool) -> None:
        """What this process has just changed counts for its next request."""
        self._ids = self._ids - {person_id} if active else self._ids | {person_id}

    def forget(self) -> None:
        """The next request reads them again."""
        self._read_at = float("-inf")

    async def aclose(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read_again(self, *, wait: bool) -> None:
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(self._clock()), name="leavers")
        if wait:
            # Shielded: a caller who hangs up must not cancel what others wait for.
            await asyncio.shield(self._reading)

    async def _read(self, now: float) -> None:
        try:
            async with self._db.read() as db:
                self._ids = frozenset(await db.all(_LEFT))
            self._read_at = now
        except Exception as error:
            # The request meets the same database next, and is answered by what it says.
            _log.warning("leavers_not_read", error=type(error).__name__)
        finally:
            self._reading = None
