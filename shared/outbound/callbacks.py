"""Callbacks: signed messages from other systems. Each is kept as it came and answered at once, then handled in a job of its own.

So a sender that repeats itself changes nothing, a failure of ours loses nothing, and what comes too early waits for what it follows.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, MetaData, Table, Text, Uuid, text

from shared.auth.actor import SYSTEM
from shared.clock import Clock, machine, moved_by
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tables import At
from shared.db.tx import Reader, Tx
from shared.ids import new_id
from shared.outbound.numbers import Sending
from shared.process.outage import Outage, every, is_outage, pause
from shared.process.settings import Settings

log = structlog.get_logger()

IDLE = 0.5
"""Seconds between looks when nothing is due."""
CLEAN_SECONDS = 600.0


class TooEarly(Exception):
    """What the callback is about is not there yet, or an earlier callback is missing: it waits."""


@dataclass(frozen=True, slots=True)
class Callback:
    """What came. `body` is not trusted beyond its signature: read it as any other input."""

    id: UUID
    message_id: str
    body: bytes
    received_at: datetime
    attempts: int


def callback_table(name: str, metadata: MetaData) -> Table:
    """What came. `due_at` is empty for what has been handled, and for what failed to the end and waits for somebody."""
    return Table(
        f"{name}_callback",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("message_id", Text, nullable=False, unique=True),
        Column("body", LargeBinary, nullable=False),
        Column("received_at", At, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("due_at", At),
        Column("error", Text),
        Column("handled_at", At),
        CheckConstraint("attempts >= 0 AND (handled_at IS NULL OR due_at IS NULL)", name="state"),
        Index(f"ix_{name}_callback_handled", "handled_at", postgresql_where=text("handled_at IS NOT NULL")),
        Index(f"ix_{name}_callback_due", "due_at", "id", postgresql_where=text("due_at IS NOT NULL")),
    )


@dataclass(frozen=True)
class Inbox:
    """Where callbacks of one kind come in. What `handle` writes takes effect together with its mark: once, or not at all."""

    name: str
    service: str
    table: Table
    handle: Callable[[Tx, Callback], Awaitable[None]]
    numbers: Callable[[Reader], Sending]

    async def receive(self, tx: Tx, message_id: str, body: bytes) -> bool:
        """Keep a callback whose signature was verified; whether it is new. One that is known changes nothing."""
        kept = await tx.execute(
            f"INSERT INTO {self.table} (id, message_id, body, received_at, attempts, due_at) VALUES ($1, $2, $3, $4, 0, $4) "
            "ON CONFLICT (message_id) DO NOTHING",
            *(new_id(), message_id, body, tx.machine_now),
        )
        return kept == "INSERT 0 1"

    async def again(self, tx: Tx, id: UUID) -> None:
        """Handle one again that failed to the end. What has been handled stays so."""
        anew = f"UPDATE {self.table} SET due_at = $2, attempts = 0 WHERE id = $1 AND handled_at IS NULL"
        await tx.execute(anew, id, tx.machine_now)

    async def work(self, db: Database, _settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
        """A job of the worker: handle what is due until told to stop. Several workers share it."""
        outage = Outage(f"{self.name} callbacks", service=self.service)
        while not stop.is_set():
            try:
                found = await self.handle_one(db, clock)
            except Exception as error:
                await outage.wait(error, stop)
                continue
            outage.over()
            if not found:
                await pause(IDLE, stop)

    async def clean(self, db: Database, _settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
        """A job of the worker: forget what was handled long ago. What failed stays until somebody has dealt with it."""

        async def look() -> None:
            async with db.begin(self._context(clock)) as tx:
                await self.forget_old(tx)

        await every(CLEAN_SECONDS, look, stop, Outage(f"{self.name} callback cleaner", service=self.service))

    async def forget_old(self, tx: Tx) -> None:
        """Far later than a signature is good for, so nothing that was forgotten can come again."""
        kept = timedelta(days=self.numbers(tx).keep_delivered_days)
        await tx.execute(f"DELETE FROM {self.table} WHERE handled_at < $1", tx.machine_now - kept)

    async def handle_one(self, db: Database, clock: Clock) -> bool:
        """Handle the callback that is due first; whether there was one. What fails waits, longer each time, and holds up no other."""
        next_due = f"""
        SELECT id, message_id, body, received_at, attempts FROM {self.table} WHERE due_at <= $1
        ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
        """
        callback: Callback | None = None
        try:
            async with db.begin(self._context(clock)) as tx:
                if (row := await tx.row(next_due, machine(clock)())) is None:
                    return False
                callback = Callback(**row)
                await self.handle(tx, callback)
                done = f"UPDATE {self.table} SET handled_at = $2, due_at = NULL, error = NULL, attempts = attempts + 1 WHERE id = $1"
                await tx.execute(done, callback.id, tx.machine_now)
        except Exception as error:
            if callback is None or is_outage(error):
                raise
            await self._put_off(db, clock, callback, error)
        return True

    async def _put_off(self, db: Database, clock: Clock, callback: Callback, error: Exception) -> None:
        async with db.begin(self._context(clock)) as tx:
            waits = self.numbers(tx).back_off_seconds
            given_up = callback.attempts >= len(waits)
            due = None if given_up else tx.machine_now + timedelta(seconds=waits[callback.attempts])
            says = f"{type(error).__name__}: {error}"[:500]
            later = f"UPDATE {self.table} SET due_at = $3, error = $4, attempts = $2 + 1"
            still = "WHERE id = $1 AND attempts = $2 AND due_at IS NOT NULL"  # no other worker has dealt with it since
            await tx.execute(f"{later} {still}", callback.id, callback.attempts, due, says)
        tell = log.error if given_up else log.info if isinstance(error, TooEarly) else log.warning
        tell(f"{self.name}_callback_{'failed' if given_up else 'waits'}", callback=str(callback.id), error=says)

    def _context(self, clock: Clock) -> Context:
        return Context(self.service, SYSTEM, clock(), f"{self.name}-callbacks", moved=moved_by(clock))
