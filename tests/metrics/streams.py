"""Event streams as a client meets them: over a socket, cut off, and gone on with."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.process.drain import Stop, serve
from tests.harness import Running


@dataclass
class Sent:
    """One block of a stream."""

    id: str | None = None
    event: str | None = None
    data: Any = None
    retry: int | None = None
    comments: list[str] = field(default_factory=list)


async def blocks(response: httpx.Response) -> AsyncIterator[Sent]:
    made, said = Sent(), False
    async for line in response.aiter_lines():
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if said:
                yield made
            made, said = Sent(), False
            continue
        said = True
        if not name:
            made.comments.append(value)
        elif name == "data":
            made.data = json.loads(value)
        elif name == "retry":
            made.retry = int(value)
        else:
            setattr(made, name, value)


@asynccontextmanager
async def listening(svc: Running) -> AsyncIterator[str]:
    """The service on a port of its own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        stop = Stop(at_once=True)
        serving = asyncio.create_task(serve(svc.app, stop, listener=listener))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            svc.app.state.stopping.set()
            stop.set()
            await serving


class Listener:
    """A client that reads one stream in the background; `cut` and `resume` as often as you like."""

    def __init__(self, base: str, token: str, **params: Any) -> None:
        self.base, self.token, self.params = base, token, params
        self.sent: list[Sent] = []
        self.last_id: str | None = None
        self._reading: asyncio.Task[None] | None = None
        self._came = asyncio.Event()
        self.status = 0
        self.refusal: Any = None

    async def connect(self) -> "Listener":
        opened = asyncio.Event()
        self._reading = asyncio.create_task(self._read(opened))
        await asyncio.wait_for(opened.wait(), 60)
        return self

    async def _read(self, opened: asyncio.Event) -> None:
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Last-Event-ID": self.last_id} if self.last_id else {})
        try:
            async with (
                httpx.AsyncClient(timeout=120) as http,
                http.stream("GET", f"{self.base}/v1/stream", params=self.params, headers=headers) as response,
            ):
                self.status = response.status_code
                if self.status != 200:
                    self.refusal = json.loads(await response.aread())
                    return
                async for sent in blocks(response):
                    self.last_id = sent.id or self.last_id
                    self.sent.append(sent)
                    self._came.set()
                    opened.set()
        finally:
            opened.set()
            self._came.set()

    async def cut(self) -> None:
        assert self._reading
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading

    async def ended(self) -> None:
        assert self._reading
        await asyncio.wait_for(asyncio.shield(self._reading), 60)

    @property
    def events(self) -> list[Sent]:
        return [sent for sent in self.sent if sent.data is not None]

    async def until(self, n: int) -> list[Sent]:
        """All events, once there are `n`."""
        async with asyncio.timeout(60):
            while len(self.events) < n:
                assert self._reading
                assert not self._reading.done(), "the stream has ended"
                self._came.clear()
                await self._came.wait()
        return self.events
