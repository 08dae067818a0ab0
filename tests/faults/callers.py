"""Clients that keep their connections, as browsers and pools do, write without a break, and repeat nothing: each failure counts."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field

ANSWER_WITHIN = 90.0
"""Seconds; longer than that is a failure too. Slow is none: the machine may be busy with other tests."""
PAUSES = (0.0, 8.0)
"""Seconds between two requests on a connection: some keep it busy, some leave it idle for longer than a drain."""


@dataclass
class Callers:
    """`ports` names those that new connections may go to; an open connection stays where it is, as behind a Service of Kubernetes."""

    ports: Callable[[], list[int]]
    token: str
    sent: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    slowest: float = 0.0
    told_to_leave: int = 0
    """Answers that ended their connection."""

    async def write(self, stop: asyncio.Event, connections: int) -> None:
        async with asyncio.TaskGroup() as group:
            for n in range(connections):
                group.create_task(self._write(stop, n))

    async def busy(self, requests: int) -> None:
        """Return when so many more requests have ended."""
        ended = lambda: len(self.acknowledged) + len(self.failed)  # noqa: E731
        wanted = ended() + requests
        async with asyncio.timeout(10 * ANSWER_WITHIN):
            while ended() < wanted:  # noqa: ASYNC110 (nothing tells us)
                await asyncio.sleep(0.02)

    async def _write(self, stop: asyncio.Event, n: int) -> None:
        chance, kept, count = random.Random(n), _Connection(), 0
        while not stop.is_set():
            await asyncio.sleep(chance.uniform(*PAUSES))
            key = f"k{n}-{count}"
            count += 1
            self.sent.add(key)
            started = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(ANSWER_WITHIN):
                    if kept.closed:
                        await kept.open(chance.choice(self.ports()))
                    status, closes, text = await kept.create_lead(key, self.token)
            except (OSError, EOFError, TimeoutError, IndexError) as error:
                self.failed.append(f"{key}: {type(error).__name__} {error}")
                kept = _Connection()
                continue
            self.slowest = max(self.slowest, asyncio.get_running_loop().time() - started)
            self.told_to_leave += closes
            if status == 201:
                self.acknowledged.add(key)
            else:
                self.failed.append(f"{key}: {status} {text}")
        kept.close()


class _Connection:
    """One HTTP/1.1 connection by hand: a client library would hide what this is about."""

    def __init__(self) -> None:
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def closed(self) -> bool:
        """Also when the server has closed it meanwhile, which every pool looks at before it sends."""
        return self._streams is None or self._streams[0].at_eof()

    async def open(self, port: int) -> None:
        self.close()
        self._streams = await asyncio.open_connection("127.0.0.1", port)

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def create_lead(self, key: str, token: str) -> tuple[int, bool, str]:
        """The status, whether the server has ended the connection with its answer, and the answer."""
        assert self._streams
        reader, writer = self._streams
        body = json.dumps({"source": "web", "title": key}).encode()
        head = ["POST /v1/leads HTTP/1.1", "Host: clinch.test", f"Authorization: Bearer {token}", f"Idempotency-Key: {key}"]
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
        writer.write("\r\n".join(head).encode() + body)
        await writer.drain()
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().splitlines()
        headers = dict(line.split(": ", 1) for line in lines if line)
        text = await reader.readexactly(int(headers["content-length"]))
        closes = headers.get("connection") == "close"
        if closes:
            self.close()
        return int(first.split()[1]), closes, text.decode()
