"""What a worker does for policy documents besides timers.

It stores first versions, makes simulations of drafts, and moves what runs to a new version.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from shared.auth import SYSTEM
from shared.clock import Clock
from shared.db.context import Context
from shared.db.database import Database
from shared.policy import moves, simulation, store
from shared.policy.document import Policy
from shared.process.outage import Outage

Job = Callable[[Database, Any, Clock, asyncio.Event], Coroutine[Any, Any, None]]


def policy_jobs(policies: Sequence[Policy[Any]]) -> list[Job]:
    """The jobs of the service that owns these documents."""

    async def begin(db: Database, _: Any, clock: Clock, stop: asyncio.Event) -> None:
        outage = Outage("first policies", service=db.service or "")
        while not stop.is_set():
            try:
                await store.begin(db, policies, Context(policies[0].service, SYSTEM, clock(), "start"))
            except Exception as error:
                await outage.wait(error, stop)  # also for the tables, which a worker may be earlier than
            else:
                outage.over()
                return

    async def simulate(db: Database, _: Any, clock: Clock, stop: asyncio.Event) -> None:
        await simulation.run(policies, db, clock, stop)

    async def move(db: Database, _: Any, clock: Clock, stop: asyncio.Event) -> None:
        await moves.run(policies, db, clock, stop)

    return [begin, simulate, move] if policies else []
