"""Clients write while processes are killed: what came of it."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

from clinch.run.folder import DataFolder
from clinch.run.settings import Embedded
from tests.faults.history import CONNECTIONS, GIVE_UP, History, all_leads
from tests.faults.system import Name, System
from tests.flow.system import eventually


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

    @property
    def shown(self) -> str:
        return "".join(f"\n  {name}: {value}" for name, value in self.figures.items())


async def write_while_killing(system: System, kills: list[Name], *, seed: int, pause: tuple[float, float]) -> Outcome:
    """From the first kill to the last, `pause` seconds apart."""
    history = History()
    async with client_of(system) as client:
        with system.killing(seed, kills, pause=pause) as killed:
            async with history.writing(client):
                await asyncio.to_thread(killed.wait)
        return await came_of(history, client, url(system, "lead"))


def client_of(system: System) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    return httpx.AsyncClient(base_url=system.origin, headers=system.headers(), timeout=20, limits=limits)


def url(system: System, database: str) -> str:
    """Of a database of the embedded system."""
    return Embedded(DataFolder(system.data), system.port).postgres().url(database)


async def came_of(history: History, client: httpx.AsyncClient, database: str) -> Outcome:
    """Once nothing waits to be published any more from the `database` (its URL) that was written to."""
    drained = await outbox_empty(database)
    leads = await all_leads(client)
    again = [await client.get(f"/v1/leads/{lead['id']}") for lead in list(history.acknowledged.values())[::50]]
    assert all(answer.status_code == 200 for answer in again)
    return Outcome(history, leads, drained)


async def outbox_empty(database: str) -> float:
    """Seconds until nothing waits to be published."""
    started = time.monotonic()
    conn = await asyncpg.connect(database)

    async def empty() -> bool:
        return not await conn.fetchval("SELECT count(*) FROM outbox")

    try:
        await eventually(empty, GIVE_UP)
        return time.monotonic() - started
    finally:
        await conn.close()
