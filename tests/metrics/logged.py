"""A projection with its log: what a rebuild reads, and where the live projection stands in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from metrics_svc.fold import LANES
from metrics_svc.rebuild.current import bring_up_to_date
from shared.events.envelope import Envelope, Event, headers, topic
from shared.log.bus import Bus, Message, open_bus
from tests.harness import Running
from tests.metrics.told import hear

_CELLS = "SELECT * FROM cell WHERE n <> 0 OR amount <> 0 OR us <> 0 ORDER BY 1, 2, 3, 4, 5"
_FACTS = "SELECT * FROM deal_fact ORDER BY id"


async def contents(svc: Running) -> list[list[tuple[object, ...]]]:
    async with svc.db.connection() as conn:
        return [[tuple(row) for row in await conn.fetch(query)] for query in (_CELLS, _FACTS)]


async def tables(svc: Running, schema: str) -> set[str]:
    async with svc.db.connection() as conn:
        return {r["tablename"] for r in await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)}


async def current(svc: Running) -> None:
    await bring_up_to_date(svc.db, svc.settings, svc.clock)


@asynccontextmanager
async def logged(svc: Running) -> AsyncIterator[Bus]:
    bus = open_bus(svc.settings.bus_url)
    await bus.start()
    try:
        await bus.ensure_topics(sorted({name for lane in LANES.values() for name in lane.topics}))
        yield bus
    finally:
        await bus.stop()


_SEEN = "INSERT INTO consumer_seen VALUES ($1, $2, $3) ON CONFLICT (consumer, subject) DO UPDATE SET version = excluded.version"


async def publish(svc: Running, bus: Bus, events: list[Envelope[Event]]) -> None:
    """On the log, where the live projection has read them."""
    await bus.publish([message(e) for e in events])
    async with svc.db.connection() as conn:
        for lane in LANES.values():
            heard = [(lane.consumer, e.subject, e.version) for e in events if topic(e.data.aggregate) in lane.topics]
            await conn.executemany(_SEEN, heard)
    await read_so_far(svc, bus)


async def read_so_far(svc: Running, bus: Bus) -> None:
    """The live projection has read all that is on the log."""
    async with svc.db.connection() as conn:
        for lane in LANES.values():
            for (name, partition), end in (await bus.end_offsets(lane.topics)).items():
                await conn.execute("INSERT INTO consumer_offset VALUES ($1, $2, $3, $4)", lane.consumer, name, partition, end)


def message(e: Envelope[Event]) -> Message:
    made = headers(id=e.id, type=e.type, subject=e.subject, version=e.version, time=e.time, traceparent=None)
    return Message(topic(e.data.aggregate), str(e.subject), e.data.model_dump_json().encode(), made)


async def told(svc: Running, bus: Bus, events: list[Envelope[Event]]) -> None:
    """Heard by the live projection, and on its log."""
    await hear(svc, events)
    await publish(svc, bus, events)
