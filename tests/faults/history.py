"""Clients that write, repeat what they got no answer to, and keep a history of what was acknowledged."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import httpx

CONNECTIONS = 8


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

    async def write(self, client: httpx.AsyncClient, stop: asyncio.Event) -> None:
        """Until `stop`, from all connections. What was begun is repeated until it is acknowledged."""
        async with asyncio.TaskGroup() as group:
            for n in range(CONNECTIONS):
                group.create_task(self._write(client, n, stop))

    async def _write(self, client: httpx.AsyncClient, connection: int, stop: asyncio.Event) -> None:
        chance = random.Random(connection)
        count = 0
        while not stop.is_set():
            key = f"w{connection}-{count}"
            count += 1
            self.sent.add(key)
            self.acknowledged[key] = await self._acknowledged(client, key)
            if chance.random() < 0.2:
                old = chance.choice(list(self.acknowledged))
                self.repeated += 1
                if await self._acknowledged(client, old) != self.acknowledged[old]:
                    self.differing.append(old)

    async def _acknowledged(self, client: httpx.AsyncClient, key: str) -> dict[str, Any]:
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
