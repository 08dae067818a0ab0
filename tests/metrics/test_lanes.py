"""Lanes: each has its version and is rebuilt for itself, while the old figures are served; several workers do it once."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from clinch.ops.status.figures import figures
from metrics_svc.fold import LANES, Lane
from metrics_svc.rebuild import log as rebuilding
from metrics_svc.rebuild.cells import differing_cells
from metrics_svc.rebuild.current import keep_current
from metrics_svc.rebuild.log import differing_rows, rebuild
from metrics_svc.rebuild.progress import SESSION, Progress, read
from metrics_svc.rebuild.versions import _meaning, _wanted, code_of, outdated
from shared.db.database import Database
from shared.db.tx import Reader
from shared.events.envelope import REGISTRY
from shared.log.bus import Bus, Delivered, open_bus
from shared.log.consumer import Consumer
from shared.log.reactions import Fold
from tests.harness import Running
from tests.metrics.histories import random_world
from tests.metrics.logged import contents, current, logged, message, told
from tests.metrics.test_quotes import a_quarter
from tests.metrics.told import events_of, kpi

HISTORY = events_of([*random_world(1).stories, *a_quarter()])

_OUTDATE = "UPDATE projection SET version = 'older' WHERE name LIKE $1 || ' %'"
_QUOTES = "SELECT * FROM quote_fact ORDER BY deal_id, n"
_TELLING = f"SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '{SESSION} %'"


@pytest_asyncio.fixture(scope="function")
async def other_db(svc: Running) -> AsyncIterator[Database]:
    """The connections of a second worker."""
    db = Database(svc.settings)
    await db.start()
    yield db
    await db.stop()


async def clean(svc: Running, bus: Bus) -> bool:
    """Whether the figures are what the facts say, and the facts what the log says."""
    async with svc.transaction() as tx:
        differ = await differing_cells(tx)
    return differ == 0 and (await differing_rows(svc.db, bus, svc.settings))[0] == 0


def test_the_version_of_a_lane_covers_its_own_code() -> None:
    quotes, sales = (set(code_of(LANES[lane])) for lane in ("quotes", "sales"))
    assert {"metrics_svc.facts.quote", "metrics_svc.histogram", "metrics_svc.counting.dimensions"} <= quotes
    assert {"metrics_svc.facts.deal", "metrics_svc.sales.derive", "shared.events.stages"} <= sales
    assert {"metrics_svc.folding.batch", "metrics_svc.past.queries"} <= quotes & sales
    assert not {"metrics_svc.facts.deal", "metrics_svc.sales.derive", "metrics_svc.folding.sales", "metrics_svc.fold"} & quotes
    assert not {"metrics_svc.facts.quote", "metrics_svc.fold"} & sales
    for lane in LANES.values():
        assert not {m for m in code_of(lane) if m.startswith(("metrics_svc.kpi", "metrics_svc.figures", "metrics_svc.rebuild"))}


def test_the_version_of_a_lane_covers_what_it_hears(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event says itself whether it touches a deal, and the event contract is no code of the lane."""
    before, lane = _wanted.__wrapped__("activity", "UTC"), Lane("activity")
    monkeypatch.setitem(LANES, "activity", lane)
    assert _wanted.__wrapped__("activity", "UTC") == before
    lane.__dict__["fold"] = Fold(lane._fold, [REGISTRY[name] for name in lane.fold.types if "spin" not in name])
    after = _wanted.__wrapped__("activity", "UTC")
    assert (after["facts"] != before["facts"], after["cells"]) == (True, before["cells"])


def test_every_fact_is_covered_by_a_version() -> None:
    covered = {name for lane in LANES.values() for name in code_of(lane)}
    for package in ("counting", "facts", "folding", "sales"):
        folder = Path(str(sys.modules[f"metrics_svc.{package}"].__file__)).parent
        assert {f"metrics_svc.{package}.{p.stem}" for p in folder.glob("*.py") if p.stem != "__init__"} <= covered


def test_what_only_people_read_is_no_change() -> None:
    assert _meaning('def f():\n    """Says."""\n    return 1  # one\n') == _meaning("def f():\n    return 1")
    assert _meaning("x = 1") != _meaning("x = 2")


async def test_a_change_in_one_lane_rebuilds_that_lane_only(svc: Running) -> None:
    async with logged(svc) as bus:
        await told(svc, bus, HISTORY)
        await current(svc)
        before = await kpi(svc, "quote_to_close")
        async with svc.db.connection() as conn:
            quotes = await conn.fetch(_QUOTES)
            won = "UPDATE cell SET n = n + 1 WHERE measure = 'won'"  # shows whether the other lane is left alone
            await conn.execute(f"TRUNCATE quote_fact; DELETE FROM cell WHERE measure LIKE 'quote%'; {won}")
            await conn.execute("INSERT INTO cell SELECT 'gone', dimension, day, value, cohort_day, n, amount, us FROM cell LIMIT 1")
            await conn.execute(_OUTDATE, "quotes")
            assert await outdated(Reader(conn), svc.settings) == {"quotes": {"facts", "cells"}}
        with capture_logs() as logs:
            await current(svc)
        assert [line["lane"] for line in logs if line["event"] == "figures_built"] == ["quotes"]
        assert await kpi(svc, "quote_to_close") == before
        async with svc.db.connection() as conn:
            assert await conn.fetch(_QUOTES) == quotes
            assert await conn.fetchval("SELECT count(*) FROM cell WHERE measure = 'gone'") == 0
            assert await conn.execute("UPDATE cell SET n = n - 1 WHERE measure = 'won'") != "UPDATE 0"
        assert await clean(svc, bus)


@pytest.mark.parametrize("left_by", ["an older release", "an older release after this one"])
async def test_what_a_release_with_one_version_has_made_is_made_again(svc: Running, left_by: str) -> None:
    async with logged(svc) as bus:
        await told(svc, bus, HISTORY)
        await rebuild(svc.db, bus, svc.settings)
        before = await contents(svc)
        async with svc.db.connection() as conn:
            if left_by == "an older release":
                await conn.execute("DELETE FROM projection")
            await conn.execute("INSERT INTO projection VALUES ('facts', 'its'), ('cells', 'its'); TRUNCATE visit_fact; DELETE FROM cell")
            assert (await outdated(Reader(conn), svc.settings)).keys() == LANES.keys()
        await current(svc)
        assert await contents(svc) == before
        async with svc.db.connection() as conn:
            names = {row["name"] for row in await conn.fetch("SELECT name FROM projection")}
            assert names >= {f"{lane} {part}" for lane in LANES for part in ("facts", "cells")}
            assert not names & {"facts", "cells"}
        assert await clean(svc, bus)


async def test_a_new_lane_reads_the_whole_log(svc: Running) -> None:
    """As after an upgrade: the lane of quotes is new, and its events have been on the log for long."""
    async with logged(svc) as bus:
        await told(svc, bus, HISTORY)
        await current(svc)
        before = [await kpi(svc, name) for name in ("quote_to_close", "discount_depth")]
        async with svc.db.connection() as conn:
            for table in ("consumer_seen", "consumer_offset"):
                await conn.execute(f"DELETE FROM {table} WHERE consumer = 'metrics-quotes'")
            await conn.execute("DELETE FROM projection WHERE name LIKE 'quotes %'")  # its rows were another lane's
        await current(svc)
        async with svc.db.connection() as conn:
            assert await conn.fetch(_QUOTES) == []
        assert (await kpi(svc, "quote_to_close"))["parts"]["quoted"] == 0
        async with consuming(svc, bus, ["quotes"]):
            await until(lambda: caught_up(svc, bus, "quotes"))
        assert [await kpi(svc, name) for name in ("quote_to_close", "discount_depth")] == before
        assert await clean(svc, bus)


@asynccontextmanager
async def consuming(svc: Running, bus: Bus, lanes: Any, workers: int = 1) -> AsyncIterator[None]:
    """The consumers of these lanes in several workers, each with connections of its own."""
    stop = asyncio.Event()
    databases = [Database(svc.settings, svc.service.name) for _ in range(workers)]
    try:
        for db in databases:
            await db.start()
        readers = [(LANES[lane].reader, db) for lane in lanes for db in databases]
        made = [Consumer(one.name, db, bus, one.topics, one.handle, service="metrics-svc", clock=svc.clock) for one, db in readers]
        async with asyncio.TaskGroup() as group:
            for consumer in made:
                group.create_task(consumer.run(stop))
            try:
                yield
            finally:
                stop.set()
    finally:
        for db in databases:
            await db.stop()


async def caught_up(svc: Running, bus: Bus, lane: str) -> bool:
    async with svc.db.connection() as conn:
        rows = await conn.fetch("SELECT topic, partition, next FROM consumer_offset WHERE consumer = $1", LANES[lane].consumer)
    stored = {(row["topic"], row["partition"]): row["next"] for row in rows}
    return all(stored.get(at, 0) >= end for at, end in (await bus.end_offsets(LANES[lane].topics)).items())


async def until(what: Any) -> None:
    async with asyncio.timeout(60):
        while not await what():  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.05)


async def test_lanes_go_on_in_several_workers_while_one_lane_waits(svc: Running) -> None:
    """Two workers with all lanes: while somebody holds the turn of one lane, the others come to the end of the log."""
    others = [lane for lane in LANES if lane != "sales"]
    async with logged(svc) as bus:
        await bus.publish([message(e) for e in HISTORY])
        async with consuming(svc, bus, LANES, workers=2):
            async with svc.transaction() as tx:
                await tx.execute(LANES["sales"].turn)
                for lane in others:
                    await until(lambda lane=lane: caught_up(svc, bus, lane))
                assert not await caught_up(svc, bus, "sales")
            await until(lambda: caught_up(svc, bus, "sales"))
        assert await clean(svc, bus)


class Held:
    """Stops a rebuild after its first events, until `go`."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.reached, self.go = asyncio.Event(), asyncio.Event()
        self._patch = patch
        patch.setattr(rebuilding, "_BATCH", 20)
        patch.setattr("metrics_svc.rebuild.current.open_bus", self._opened)

    def _opened(self, url: str, client: str) -> Bus:
        bus = open_bus(url, client=client)
        read, reads = bus.read, iter(range(3))

        async def held(topic: str, partition: int, offset: int, limit: int) -> list[Delivered]:
            if next(reads, None) == 2:
                self.reached.set()
                await self.go.wait()
            return await read(topic, partition, offset, limit)

        self._patch.setattr(bus, "read", held)
        return bus


async def test_old_figures_are_served_until_the_swap_and_progress_is_told(svc: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async with logged(svc) as bus:
        await told(svc, bus, HISTORY)
        await current(svc)
        before = [await kpi(svc, name) for name in ("win_rate", "leads_captured", "quote_to_close")]
        async with svc.db.connection() as conn:
            await conn.execute(_OUTDATE, "sales")
        held = Held(monkeypatch)
        work = asyncio.create_task(current(svc))
        await asyncio.wait_for(held.reached.wait(), 30)
        assert [await kpi(svc, name) for name in ("win_rate", "leads_captured", "quote_to_close")] == before
        async with svc.db.connection() as conn:
            [progress] = [read(row[0]) for row in await conn.fetch(_TELLING)]
            total = await conn.fetchval("SELECT sum(next) FROM consumer_offset WHERE consumer = 'metrics'")
        assert isinstance(progress, Progress)
        assert (progress.lane, progress.what, progress.of) == ("sales", "events", total)
        assert 0 < progress.done < total
        assert progress.seconds_left is not None
        shown = await figures({"metrics-svc": svc.settings.database_url}, svc.settings.bus_url)
        assert shown.services["metrics-svc"].rebuilding == progress
        held.go.set()
        await work
        async with svc.db.connection() as conn:
            assert await conn.fetch(_TELLING) == []
        assert [await kpi(svc, name) for name in ("win_rate", "leads_captured", "quote_to_close")] == before
        assert await clean(svc, bus)


async def test_two_workers_that_start_together_rebuild_once(svc: Running, other_db: Database) -> None:
    async with logged(svc) as bus:
        await told(svc, bus, HISTORY)
        await rebuild(svc.db, bus, svc.settings)
        before = await contents(svc)
        async with svc.db.connection() as conn:
            await conn.execute("UPDATE projection SET version = 'older'; TRUNCATE visit_fact")
            begun = {row["consumer"] for row in await conn.fetch("SELECT DISTINCT consumer FROM consumer_seen")}
        stop = asyncio.Event()
        with capture_logs() as logs:
            await asyncio.gather(*[keep_current(db, svc.settings, svc.clock, stop) for db in (svc.db, other_db)])
        assert sorted(line["lane"] for line in logs if line["event"] == "figures_built") == [
            lane for lane in LANES if LANES[lane].consumer in begun
        ]
        assert await contents(svc) == before
        assert await clean(svc, bus)


async def test_a_worker_that_is_told_to_stop_leaves_the_old_figures(
    svc: Running, other_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both end: the one in the middle of the rebuild, and the one that waits for it. The next one begins again."""
    async with logged(svc) as bus:
        await told(svc, bus, HISTORY)
        await rebuild(svc.db, bus, svc.settings)
        before = await contents(svc)
        async with svc.db.connection() as conn:
            await conn.execute(_OUTDATE, "sales")
        with monkeypatch.context() as patched:
            held, stop = Held(patched), asyncio.Event()
            workers = [asyncio.create_task(keep_current(db, svc.settings, svc.clock, stop)) for db in (svc.db, other_db)]
            await asyncio.wait_for(held.reached.wait(), 30)
            stop.set()
            await asyncio.wait_for(asyncio.gather(*workers), 10)
        assert await contents(svc) == before
        async with svc.db.connection() as conn:
            assert await conn.fetch(_TELLING) == []
            assert (await outdated(Reader(conn), svc.settings)).keys() == {"sales"}
        await keep_current(other_db, svc.settings, svc.clock, asyncio.Event())
        assert await contents(svc) == before
        assert await clean(svc, bus)
