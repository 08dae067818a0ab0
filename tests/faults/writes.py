"""Clients write while processes are killed: what came of it."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

from clinch.folder import DataFolder
from clinch.settings import Embedded
from tests.faults.history import CONNECTIONS, History, all_leads
from tests.faults.system import READY_WITHIN, Name, System
from tests.flow.system import eventually

OUTBOX_EMPTY_WITHIN = 30.0


@dataclass
class Outcome:
    history: History
    leads: list[dict[str, Any]]
    """All that are there."""
    drained: float
    """Seconds until nothing waited to be published any more."""

    @property
    def wrong(self) -> dict[str, set[str]]:
        """What breaks a promise, by the promise; each set is empty when all hold."""
        count = Counter(lead["title"] for lead in self.leads)
        ids = {lead["id"]: lead["title"] for lead in self.leads}
        return {
            "lost": self.history.acknowledged.keys() - count.keys(),
            "doubled": {key for key, n in count.items() if n > 1},
            "ghosts": count.keys() - self.history.sent,
            "answers that changed": {*self.history.differing},
            "other ids than were acknowledged": {key for key, a in self.history.acknowledged.items() if ids.get(a["id"]) != key},
            "strange answers": {*self.history.strange},
        }

    @property
    def figures(self) -> dict[str, Any]:
        counts = {promise: len(broken) for promise, broken in self.wrong.items()}
        sizes = {"acknowledged": len(self.history.acknowledged), "repeated": self.history.repeated}
        return sizes | counts | {"outbox empty after": f"{self.drained:.1f} s"}


async def write_while_killing(system: System, kills: list[Name], *, seed: int, pause: tuple[float, float]) -> Outcome:
    """From the first kill to the last, `pause` seconds apart."""
    history, stop = History(), asyncio.Event()
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=system.origin, headers=system.headers(), timeout=20, limits=limits) as client:
        with system.killing(seed, kills, pause=pause) as killed:
            writing = asyncio.create_task(history.write(client, stop))
            await asyncio.to_thread(killed.wait, 60 * len(kills))
            stop.set()
            await asyncio.wait_for(writing, READY_WITHIN * 2)
        drained = await outbox_empty(system)
        leads = await all_leads(client)
        again = [await client.get(f"/v1/leads/{lead['id']}") for lead in list(history.acknowledged.values())[::50]]
    assert all(answer.status_code == 200 for answer in again)
    return Outcome(history, leads, drained)


async def outbox_empty(system: System) -> float:
    """Seconds until nothing waits to be published."""
    started = time.monotonic()
    conn = await asyncpg.connect(Embedded(DataFolder(system.data), system.port).postgres().url("lead"))

    async def empty() -> bool:
        return not await conn.fetchval("SELECT count(*) FROM outbox")

    try:
        await eventually(empty, 2 * OUTBOX_EMPTY_WITHIN)
        return time.monotonic() - started
    finally:
        await conn.close()
