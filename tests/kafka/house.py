"""The embedded system on a broker that can be killed like the system's own processes."""

import asyncio
import time
from dataclasses import dataclass, field

import asyncpg

from clinch.run.folder import DataFolder
from clinch.run.settings import Embedded
from tests.faults.system import Name, System
from tests.kafka.cluster import Cluster

_WAIT = "SELECT count(*) FROM outbox o JOIN event e ON e.id = o.event_id WHERE e.recorded_at <= $1"
_PUBLISHED_WITHIN = 240.0


@dataclass
class OnKafka(System):
    """The recovery of a broker counts from when it answers again, to when all that had waited for it is published."""

    cluster: Cluster = field(kw_only=True)
    down: float = 3.0
    """Seconds that a killed broker is away before it is started again."""

    def kill(self, name: Name) -> None:
        if name == "broker":
            self.cluster.kill(1)
            time.sleep(self.down)
            self.recoveries.append((name, asyncio.run(self._start_broker())))
        else:
            super().kill(name)

    async def _start_broker(self) -> float:
        await self.cluster.start()
        started = time.monotonic()
        conn = await asyncpg.connect(Embedded(DataFolder(self.data), self.port).postgres().url("lead"))
        try:
            now = await conn.fetchval("SELECT now()")
            async with asyncio.timeout(_PUBLISHED_WITHIN):
                while await conn.fetchval(_WAIT, now):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        finally:
            await conn.close()
        return time.monotonic() - started
