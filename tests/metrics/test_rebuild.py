"""The projection computed again: cells from the facts, and everything from the log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from metrics_svc.fold import LANES
from metrics_svc.rebuild.cells import differing_cells, recompute_cells
from metrics_svc.rebuild.current import bring_up_to_date
from metrics_svc.rebuild.log import LogIncomplete, differing_rows, rebuild
from metrics_svc.rebuild.versions import outdated
from metrics_svc.service import service
from shared.db.tx import Reader
from shared.events.envelope import Envelope, Event, headers, topic
from shared.log.bus import Bus, Message, open_bus
from tests.harness import Running
from tests.metrics.histories import random_world
from tests.metrics.told import events_of, folds, hear

_CELLS = "SELECT * FROM cell WHERE n <> 0 OR amount <> 0 OR us <> 0 ORDER BY 1, 2, 3, 4, 5"
_FACTS = "SELECT * FROM deal_fact ORDER BY id"


async def contents(svc: Running) -> list[list[tuple[object, ...]]]:
    async with svc.db.connection() as conn:
        return [[tuple(row) for row in await conn.fetch(query)] for query in (_CELLS, _FACTS)]


async def test_cells_computed_anew_are_the_same(svc: Running) -> None:
    await hear(svc, events_of(random_world(1).stories))
    before = await contents(svc)
    async with svc.transaction() as tx:
        await recompute_cells(tx)
    assert await contents(svc) == before
    async with svc.transaction() as tx:
        await tx.execute("UPDATE cell SET n = n + 1 WHERE ctid = (SELECT min(ctid) FROM cell WHERE n > 0)")
        assert await differing_cells(tx) == 2


async def current(svc: Running) -> None:
    await bring_up_to_date(svc.db, svc.settings, svc.clock, asyncio.Event())


async def test_new_declarations_are_taken_into_use(svc: Running) -> None:
    """As when a release declares another measure: the worker finds cells of another version."""
    await current(svc)
    await hear(svc, events_of(random_world(1).stories))
    before = await contents(svc)
    async with svc.db.connection() as conn:
        await conn.execute("DELETE FROM cell WHERE measure = 'won'; UPDATE projection SET version = 'older' WHERE name = 'cells'")
    await current(svc)
    assert await contents(svc) == before
    async with svc.db.connection() as conn:
        await conn.execute("DELETE FROM cell WHERE measure = 'won'")
    await current(svc)
    assert await contents(svc) != before


_DAMAGE = """
UPDATE projection SET version = 'older';
UPDATE lead_fact SET f4_at = NULL; UPDATE deal_fact SET qualified_at = NULL; TRUNCATE goal_fact, lead_goal_fact, visit_fact
"""


async def test_new_code_of_the_facts_is_taken_into_use(svc: Running) -> None:
    """As when a release makes other facts of the same events: the worker projects the log again, and once."""
    async with logged(svc) as bus:
        heard = events_of(random_world(1).stories)
        await hear(svc, heard)
        await publish(svc, bus, heard)
        before = await contents(svc)
        async with svc.db.connection() as conn:
            await conn.execute(_DAMAGE)
            assert await outdated(Reader(conn), svc.settings) == {"facts", "cells"}
        await asyncio.gather(*[current(svc) for _ in range(2)])  # two workers
        assert await contents(svc) == before
        async with svc.transaction() as tx:
            assert await outdated(tx, svc.settings) == set()
            assert await differing_cells(tx) == 0
        assert (await differing_rows(svc.db, bus, svc.settings))[0] == 0


@pytest.mark.parametrize("cut", ['"offset" < 3', "partition = 0"])
async def test_facts_are_derived_again_where_the_log_is_cut(svc: Running, cut: str) -> None:
    """Its first messages are gone: what the facts were told is enough for what is derived from it."""
    async with logged(svc) as bus:
        heard = events_of(random_world(1).stories)
        await hear(svc, heard)
        await publish(svc, bus, heard)
        before = await contents(svc)
        async with svc.db.connection() as conn:
            await conn.execute(_DAMAGE)
        log = await asyncpg.connect(svc.settings.bus_url)
        await log.execute(f"DELETE FROM log WHERE topic = $1 AND {cut}", topic("deal"))
        await log.close()
        with pytest.raises(LogIncomplete):
            await rebuild(svc.db, bus, svc.settings)
        await current(svc)
        assert await contents(svc) == before
        assert await tables(svc, "deriving") == set()


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


async def test_everything_from_the_log(svc: Running) -> None:
    """What the live projection has heard, duplicates and wrong rows aside; what lies behind its offsets is left to it."""
    async with logged(svc) as bus:
        heard, later = events_of(random_world(1).stories), events_of(random_world(2).stories)
        await hear(svc, heard)
        await bus.publish([message(e) for e in heard])
        await bus.publish([message(e) for e in heard[:9]])
        await read_so_far(svc, bus)
        await bus.publish([message(e) for e in later])
        before = await contents(svc)
        async with svc.db.connection() as conn:
            await conn.execute("UPDATE cell SET n = n + 7; DELETE FROM deal_fact WHERE random() < 0.5")
        assert await rebuild(svc.db, bus, svc.settings) == folds(heard)
        assert await contents(svc) == before
        await hear(svc, later)
        async with svc.transaction() as tx:
            assert await differing_cells(tx) == 0
        assert await tables(svc, "public") >= {"cell", "deal_fact", "lead_fact"}
        assert await tables(svc, "rebuilding") == set()


async def tables(svc: Running, schema: str) -> set[str]:
    async with svc.db.connection() as conn:
        return {r["tablename"] for r in await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)}


@pytest.mark.parametrize("name", ["metrics", "parties"])
def test_its_readers(name: str) -> None:
    assert name in {reader.name for reader in service.heard}
