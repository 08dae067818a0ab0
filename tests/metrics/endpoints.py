"""Webhooks in a test: endpoints registered through the API, and the worker's turns taken one by one."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from metrics_svc.feed.commands import feed
from metrics_svc.webhooks.courier import COURIER, sender
from shared import verify
from shared.events.envelope import Envelope, Event
from shared.ids import new_id
from shared.outbound.courier import Claimed
from tests.client import Client, done
from tests.harness import Running, as_delivered

Answer = dict[str, Any]


@dataclass
class Webhooks(Client):
    svc: Running

    async def call(
        self, method: str, path: str = "", body: Any = None, *, status: int, role: str = "ops", etag: Any = None, key: str | None = None
    ) -> Any:
        """The body of an answer about endpoints, which must have this status. `path` is what follows /v1/webhooks."""
        path, _, query = path.partition("?")
        answer = await self.raw(role, method, f"/v1/webhooks{path}", body, etag=etag, key=key, **dict(parse_qsl(query)))
        return done(answer, status)

    async def register(self, url: str, types: list[str] | None = None, *, start: str | int = "now", description: str = "") -> Answer:
        body = {"url": url, "types": types or ["*"], "from": start, "description": description}
        made: Answer = await self.call("POST", body=body, status=201)
        return made

    async def read(self, webhook: Answer) -> Answer:
        found: Answer = await self.call("GET", f"/{webhook['id']}", status=200)
        return found

    async def deliveries(self, webhook: Answer, query: str = "") -> list[Answer]:
        found: list[Answer] = (await self.call("GET", f"/{webhook['id']}/deliveries?sort=created_at&{query}", status=200))["items"]
        return found

    async def happens(self, *events: Event) -> list[UUID]:
        """Events come into the feed as from the log, each of another aggregate; their ids."""
        told = [Envelope(new_id(), e.type, new_id(), 1, self.svc.clock(), e) for e in events]
        async with self.svc.transaction() as tx:
            await feed(tx, [as_delivered(e) for e in told])
        return [e.id for e in told]

    async def turn(self) -> list[Claimed]:
        """One turn of a worker, which dies before it sends."""
        async with self.svc.transaction() as tx:
            return (await COURIER.take_turn(tx))[1]

    async def work(self) -> int:
        """Turns and attempts until nothing is due; how many attempts."""
        sent = 0
        async with sender(self.svc.settings, self.svc.clock) as sending:
            while claimed := await self.turn():
                await asyncio.gather(*[COURIER.attempt(self.svc.db, self.svc.settings, self.svc.clock, sending, c) for c in claimed])
                sent += len(claimed)
        return sent

    async def broken(self) -> list[str]:
        """What `clinch verify` would find."""
        metadata = self.svc.service.metadata
        checks = [*self.svc.service.checks, *verify.atomicity(metadata), *verify.orphans(metadata), *verify.limits(metadata)]
        async with self.svc.db.connection() as conn:
            return [f"{f.says}: {f.examples}" async for f in verify.run(conn, checks) if f.offenders]
