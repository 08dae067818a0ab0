"""The projection computed again: cells from the facts, and everything from the log."""

import asyncio

import asyncpg
import pytest

from metrics_svc.fold import LANES
from metrics_svc.rebuild.cells import differing_cells, recompute_cells
from metrics_svc.rebuild.log import LogIncomplete, differing_rows, rebuild
from metrics_svc.rebuild.versions import outdated
from metrics_svc.service import service
from shared.db.tx import Reader
from shared.events.envelope import topic
from tests.harness import Running
from tests.metrics.histories import random_world
from tests.metrics.logged import contents, current, logged, message, publish, read_so_far, tables
from tests.metrics.told import events_of, folds, hear


async def test_cells_computed_anew_are_the_same(svc: Running) -> None:
    await hear(svc, events_of(random_world(1).stories))
    before = await contents(svc)
    async with svc.transaction() as tx:
        await recompute_cells(tx)
    assert await contents(svc) == before
    async with svc.transaction() as tx:
        await tx.execute("UPDATE cell SET n = n + 1 WHERE ctid = (SELECT min(ctid) FROM cell WHERE n > 0)")
        assert await differing_cells(tx) == 2


async def test_new_declarations_are_taken_into_use(svc: Running) -> None:
    """As when a release declares another measure: the worker finds cells of another version."""
    await current(svc)
    await hear(svc, events_of(random_world(1).stories))
    before = await contents(svc)
    async with svc.db.connection() as conn:
        await conn.execute("DELETE FROM cell WHERE measure = 'won'; UPDATE projection SET version = 'older' WHERE name LIKE '% cells'")
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
            assert await outdated(Reader(conn), svc.settings) == {lane: {"facts", "cells"} for lane in LANES}
        await asyncio.gather(*[current(svc) for _ in range(2)])  # two workers
        assert await contents(svc) == before
        async with svc.transaction() as tx:
            assert await outdated(tx, svc.settings) == {}
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


@pytest.mark.parametrize("name", ["metrics", "parties"])
def test_its_readers(name: str) -> None:
    assert name in {reader.name for reader in service.heard}
