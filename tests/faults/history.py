"""Clients that write, repeat what they got no answer to, and keep a history of what was acknowledged."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

CONNECTIONS = 8
GIVE_UP = 300.0
"""Seconds without what is waited for, after which a test fails instead of waiting on."""


@dataclass
class History:
    """By key. `sent` is a superset of `acknowledged`, whose values are the answers."""

    sent: set[str] = field(default_factory=set)
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)
    """Keys that were given another answer the second time."""
    strange: list[str] = field(default_factory=list)
    """Answers that are neither an acknowledgement nor `try again`."""
    repeated: int = 0

    @asynccontextmanager
    async def writing(self, client: httpx.AsyncClient) -> AsyncIterator[None]:
        """Write while the block runs, from all connections. What was begun is repeated until it is acknowledged."""
        stop = asyncio.Event()
        writers = [asyncio.create_task(self._write(client, n, stop)) for n in range(CONNECTIONS)]
        try:
            yield
            stop.set()
            await asyncio.wait_for(asyncio.gather(*writers), GIVE_UP)
        finally:
            for writer in writers:
                writer.cancel()

    async def grown(self, by: int) -> None:
        """Return when so many more keys are acknowledged."""
        wanted = len(self.acknowledged) + by
        async with asyncio.timeout(GIVE_UP):
            while len(self.acknowledged) < wanted:  # noqa: ASYNC110 (nothing tells us)
                await asyncio.sleep(0.02)

    async def _write(self, client: httpx.AsyncClient, connection: int, stop: asyncio.Event) -> None:
        chance = random.Random(connection)
        count = 0
        while not stop.is_set():
            key = f"w{connection}-{count}"
            count += 1
            self.sent.add(key)
            self.acknowledged[key] = await self.ask(client, key)
            if chance.random() < 0.2:
                old = chance.choice(list(self.acknowledged))
                self.repeated += 1
                if await self.ask(client, old) != self.acknowledged[old]:
                    self.differing.append(old)

    async def ask(self, client: httpx.AsyncClient, key: str) -> dict[str, Any]:
        while True:
            try:
                answer = await client.post("/v1/leads", json={"source": "web", "title": key}, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code == 201:
                found: dict[str, Any] = answer.json()
                return found
            if answer.status_code not in (503, 409):  # away, or the first one is still running
                self.strange.append(f"{key}: {answer.status_code} {answer.text}")
            await asyncio.sleep(0.1)


async def all_leads(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": 200, "sort": "created_at", "fields": "id,title"}
    while True:
        page = (await client.get("/v1/leads", params=params)).json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        params["cursor"] = page["next_cursor"]
