"""Beside the requests: the bytes of uploads that were cut off are swept away."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from shared.attachments.declared import Attachments
from shared.clock import Clock
from shared.db.database import Database
from shared.process.outage import Outage, every
from shared.process.settings import Settings

SECONDS = 3600.0
STEP = 100
"""Uploads that are swept away at once."""

Job = Callable[[Database, Settings, Clock, asyncio.Event], Coroutine[Any, Any, None]]


def sweeping(to: Attachments[Any]) -> Job:
    """The job of a service: a day after it began, no upload is still on its way."""

    async def sweep(db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
        async def turn() -> None:
            while not stop.is_set() and await left_over(db, to) == STEP:
                pass

        await every(SECONDS, turn, stop, Outage(f"attachments of {to.record}s"))

    return sweep


async def left_over(db: Database, to: Attachments[Any]) -> int:
    """Sweep away a batch; how many uploads it was."""
    async with db.connection() as conn:
        found = await conn.fetch(
            f"SELECT attachment_id FROM {to.table}_piece p WHERE n = 0 AND kept_at < now() - interval '1 day' "
            f"AND NOT EXISTS (SELECT FROM {to.table} a WHERE a.id = p.attachment_id) LIMIT {STEP}"
        )
        ids = [row["attachment_id"] for row in found]
        await conn.execute(f"DELETE FROM {to.table}_piece WHERE attachment_id = ANY($1::uuid[])", ids)
    return len(ids)
