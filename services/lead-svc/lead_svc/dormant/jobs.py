"""The job of a worker that counts the leads of drives and takes them up again, batch by batch, each in a transaction of its own."""

import asyncio

from lead_svc.dormant.commands import move
from lead_svc.dormant.queries import CLAIM, OPEN
from shared.auth.actor import Actor, Role
from shared.clock import Clock, moved_by
from shared.db.context import Context
from shared.db.database import Database
from shared.process.outage import Outage, steps
from shared.process.settings import Settings

LOOK_SECONDS = 1.0


async def step(db: Database, clock: Clock) -> bool:
    """Move the oldest drive that is open on by a batch; whether there was one."""
    async with db.read() as reader:
        found = await reader.first(OPEN)
    if found is None:
        return False
    by = Actor.of(found.by, {Role(found.by_role)})
    async with db.begin(Context("lead-svc", by, clock(), f"drive:{found.id}", moved=moved_by(clock))) as tx:
        drive = await tx.first(CLAIM, id=found.id)
        if drive is None:  # another worker is at it, or somebody has cancelled it
            return False
        await move(tx, drive)
    return True


async def drives(db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """Look every second until `stop` is set."""
    await steps(lambda: step(db, clock), LOOK_SECONDS, stop, Outage("drives", service="lead-svc"))
