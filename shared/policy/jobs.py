"""What a worker does for policy documents besides timers: simulations of drafts, and moving what runs to a new version."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from shared.clock import Clock
from shared.db.tx import Database
from shared.policy import moves, simulation
from shared.policy.document import Policy

Job = Callable[[Database, Any, Clock, asyncio.Event], Coroutine[Any, Any, None]]


def policy_jobs(policies: Sequence[Policy[Any]]) -> list[Job]:
    """The jobs of the service that owns these documents."""

    async def simulate(db: Database, _: Any, clock: Clock, stop: asyncio.Event) -> None:
        await simulation.run(policies, db, clock, stop)

    async def move(db: Database, _: Any, clock: Clock, stop: asyncio.Event) -> None:
        await moves.run(policies, db, clock, stop)

    return [simulate, move] if policies else []
