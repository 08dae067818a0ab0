"""A consumer of metrics-svc at full speed, as in a worker that has been running: warm, and what was there at its start is not looked
through again. The log is in memory and gives the events in the order in which they happened, as to a reader that takes all partitions by
turns; so what is measured is the consumer, its handle and Postgres.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter

from metrics_svc.service import service
from shared.db.database import Database
from shared.log.bus import Delivered, Message, Positions, Reader
from shared.log.consumer import Consumer
from shared.log.reactions import Handle
from tests.shared.memory_bus import MemoryBus, MemoryReader


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    db = Database(service.settings(env="test", database_url=url, bus_url=url, issuer="http://127.0.0.1"))
    await db.start()
    try:
        yield db
    finally:
        await db.stop()


async def consumed(url: str, name: str, handle: Handle, warm: Sequence[Message], messages: Sequence[Message]) -> float:
    """Seconds from when the messages can be read until all is committed. `warm` are read before."""
    bus = _Log()
    before, measured = ([bus.append(message) for message in some] for some in (warm, messages))
    topics = sorted({topic for topic, _ in bus.logs})
    await bus.ensure_topics(topics)
    stop = asyncio.Event()
    async with opened(url) as db:
        running = asyncio.create_task(Consumer(name, db, bus, topics, handle, service=service.name).run(stop))
        try:
            bus.published += before
            await _committed(db, len(before))
            started = perf_counter()
            bus.published += measured
            await _committed(db, len(before) + len(measured))
            return perf_counter() - started
        finally:
            stop.set()
            await running


class _Log(MemoryBus):
    def __init__(self) -> None:
        super().__init__()
        self.published: list[Delivered] = []

    def reader(self, group: str, topics: Sequence[str], positions: Positions) -> Reader:
        return _InOrder(self, topics, positions)


class _InOrder(MemoryReader):
    """Gives everything in the order in which it was published."""

    read = 0

    async def poll(self, limit: int, timeout: float) -> list[Delivered]:
        if new := sorted(self.held - self.next.keys()):
            self.next |= await self.positions(new)
        assert isinstance(self.bus, _Log)
        batch = self.bus.published[self.read : self.read + limit]
        self.read += len(batch)
        if not batch:
            await asyncio.sleep(0.001)
        return batch


async def _committed(db: Database, events: int) -> None:
    async with db.connection() as conn:
        while await conn.fetchval("SELECT coalesce(sum(next), 0) FROM consumer_offset") < events:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
