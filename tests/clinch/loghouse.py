"""A stopped embedded system for tests: its folder, the services' plumbing tables, and a log in its Postgres."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg

from clinch.run.settings import DATABASES, SERVICES, Embedded
from clinch.run.stopped import databases_alone
from shared.db.tables import PLUMBING
from shared.log.bus import Bus, BusUnavailable, Delivered, Message, open_bus
from tests.harness import create_tables

LEADS, DEALS = "clinch.lead.events.v1", "clinch.deal.events.v1"
PARTITIONS = 4
T = TypeVar("T")


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run it in a loop of its own: this thread has the tests'."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, work).result()


async def on_bus(url: str, use: Callable[[Bus], Coroutine[Any, Any, T]]) -> T:
    bus = open_bus(url)
    await bus.start()
    try:
        return await use(bus)
    finally:
        await bus.stop()


def events(count: int) -> list[Message]:
    """As the relay sends them, of a few aggregates each in two topics."""
    keys = [str(uuid4()) for _ in range(7)]
    return [
        Message((LEADS, DEALS)[n % 2], keys[n % 7], f'{{"n": {n}}}'.encode(), {"ce_id": str(uuid4()), "ce_subject": keys[n % 7]})
        for n in range(count)
    ]


async def whole(bus: Bus) -> list[Delivered]:
    """Everything in both topics, at its place."""
    found: list[Delivered] = []
    for (topic, partition), end in sorted((await bus.end_offsets([LEADS, DEALS])).items()):
        offset = 0
        while offset < end:
            found += await bus.read(topic, partition, offset, end)
            offset = found[-1].offset + 1
    return found


class LogHouse:
    def __init__(self, run: Embedded) -> None:
        self.run = run

    @property
    def url(self) -> str:
        return self.run.postgres().url("bus")

    def fill(self, messages: Sequence[Message]) -> None:
        """Make the databases, put these into the log, and let a consumer of deal-svc stand at its end."""
        with databases_alone(self.run):
            apart(self._fill(messages))

    async def _fill(self, messages: Sequence[Message]) -> None:
        admin = await asyncpg.connect(self.run.postgres().url("postgres"))
        for name in DATABASES:
            await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        await admin.close()
        for name in SERVICES:
            await create_tables(self.run.postgres().url(name), PLUMBING)

        async def publish(bus: Bus) -> dict[tuple[str, int], int]:
            await bus.ensure_topics([LEADS, DEALS], PARTITIONS)
            await bus.publish(messages)
            return await bus.end_offsets([LEADS])

        ends = await on_bus(self.url, publish)
        await self.execute("deal", _STAND, [(topic, partition, end) for (topic, partition), end in ends.items()])
        await self.execute("lead", _TELL, [(str(uuid4()),)] if messages else [])

    async def execute(self, database: str, sql: str, rows: Sequence[Sequence[Any]] = ((),)) -> None:
        conn = await asyncpg.connect(self.run.postgres().url(database))
        await conn.executemany(sql, rows)
        await conn.close()

    def log(self) -> list[Delivered]:
        with databases_alone(self.run):
            return apart(on_bus(self.url, whole))


_STAND = "INSERT INTO consumer_offset (consumer, topic, partition, next) VALUES ('deal-svc', $1, $2, $3)"
_TELL = """
INSERT INTO event (id, type, aggregate, subject, version, time, recorded_at, actor_id, actor_role, correlation_id, data)
SELECT $1::uuid, 'clinch.lead.captured.v1', 'lead', $1::uuid, 1, now(), now(), $1::uuid, 'rep', '', '{}'
"""


class CutOff:
    """A bus that answers for `bus` until the `pieces`th batch, which fails before or after it is `in_the_target`."""

    def __init__(self, bus: Bus, pieces: int, in_the_target: bool) -> None:
        self._bus, self._left, self._in_the_target = bus, pieces, in_the_target
        self.sent = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)

    async def publish(self, messages: Sequence[Message]) -> None:
        self._left -= 1
        if self._left or self._in_the_target:
            await self._bus.publish(messages)
            self.sent += len(messages)
        if not self._left:
            raise BusUnavailable("cut off")
