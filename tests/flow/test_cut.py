"""Workers that are ended at any moment end, and those that begin after them go on."""

import asyncio
from random import Random

from clinch.run.postgres import Postgres
from tests.flow.system import whole_system


async def test_a_worker_that_is_cut_at_any_moment_ends(postgres: Postgres) -> None:
    """A cancellation that gets lost would let one task work on, and the others wait for it for ever."""
    moments = Random(10)
    async with whole_system(postgres) as system:
        for _ in range(40):
            await asyncio.sleep(moments.random() * 0.15)
            name = moments.choice(["lead-svc", "deal-svc", "metrics-svc"])
            async with asyncio.timeout(60):
                await system.cut(name)
            system.work(name)
