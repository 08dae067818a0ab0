"""E2: events a second through metrics-svc's consumer, with exactly-once effect, against UNNEST upserts of the rows they fold to.

Consumer and collector are as in a worker that has been running: warm, and what was there at the start is not looked through again. The
log is in memory and gives the events in the order in which they happened, as to a reader that takes all partitions by turns.
"""

import asyncio
import statistics
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import asyncpg
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from metrics_svc.cells.tables import BUCKET, CELL
from metrics_svc.facts.tables import FACTS
from metrics_svc.fold import TOPICS, fold
from metrics_svc.service import service
from shared import heap
from shared.bus import Delivered, Message, Position, Reader
from shared.consumer import Consumer
from shared.db import Database
from shared.events.envelope import headers, topic
from shared.settings import Settings
from tests.bench.compare import Progress
from tests.bench.report import Result
from tests.bench.stage import Stage
from tests.metrics.told import Deal, Lead, Story, events_of, on, person
from tests.shared.memory_bus import MemoryBus, MemoryReader

_WARM = 500
_SIZES = (1_000, 10_000)
_SOURCES = ("trade_show", "seo", "partner_referral", "cold_outreach")


def stories(events: int, name: str) -> list[Story]:
    """A month of a busy team: three leads make ten events, for one of the three becomes a deal that is won or lost."""
    found: list[Story] = []
    for n in range(events * 3 // 10):
        day = n % 15
        who: dict[str, Any] = {"owner_id": person(f"rep-{n % 20}"), "source": _SOURCES[n % 4], "region": f"region-{n % 5}"}
        lead = Lead(f"{name}-{n}").captured(on(day), **who)
        found.append(lead)
        if n % 3 == 0:
            lead.mql(on(day)).sql(on(day + 1))
            deal = Deal(f"{name}-{n}", lead, **who).opened(on(day + 1), 1_000 + n % 50).moved(on(day + 4), "proposal")
            deal.moved(on(day + 8), "negotiation").moved(on(day + 12), "closing")
            found.append(deal.won(on(day + 15)) if n % 2 else deal.lost(on(day + 15)))
    return found


def messages_of(events: int, name: str) -> list[Message]:
    """What the relay would have published, in the order of the business."""
    told = sorted(events_of(stories(events, name)), key=lambda e: e.time)
    return [
        Message(
            topic(e.data.aggregate),
            str(e.subject),
            e.data.model_dump_json().encode(),
            headers(id=e.id, type=e.type, subject=e.subject, version=e.version, time=e.time, traceparent=None),
        )
        for e in told
    ]


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    rates: dict[int, list[float]] = {}
    upserts: list[float] = []
    for size in _SIZES:
        warm, messages = messages_of(_WARM, "warm"), messages_of(size, "bench")
        heap.settle()
        rates[size] = []
        for n in range(1, rounds + 1):
            progress(f"round {n} of {rounds}: {len(messages):,} events")
            url = await stage.database(service)
            rates[size].append(len(messages) / await _project(url, warm, messages))
            if size == _SIZES[-1]:
                progress(f"round {n} of {rounds}: the same rows by one upsert a table")
                upserts.append(len(messages) / await _upsert(url, await stage.database(service)))
    few, many = _SIZES
    growth = [b / a for a, b in zip(rates[few], rates[many], strict=True)]
    by_hand = f"one upsert a table: {statistics.median(upserts):,.0f} events/s, without reading, folding or remembering what was seen"
    return [
        Result(
            "E2",
            "projection with exactly-once effect",
            "one UNNEST upsert of the same folded rows",
            "≥ 50,000 events/s",
            rates[many],
            least=50_000,
            unit="events/s",
            absolute=[f"metrics-svc: {statistics.median(rates[many]):,.0f} events/s, in one process", by_hand],
        ),
        Result("E2", f"projection of {many:,} events", f"itself with {few:,}", "≥ 0.77", growth, least=0.77),
    ]


class _InOrder(MemoryReader):
    """Gives everything in the order in which it was published."""

    read = 0

    async def poll(self, limit: int, timeout: float) -> list[Delivered]:
        for place in self.held - self.next.keys():
            self.next[place] = await self.position(place)
        assert isinstance(self.bus, _Log)
        batch = self.bus.published[self.read : self.read + limit]
        self.read += len(batch)
        if not batch:
            await asyncio.sleep(0.001)
        return batch


class _Log(MemoryBus):
    def __init__(self) -> None:
        super().__init__()
        self.published: list[Delivered] = []

    def reader(self, group: str, topics: Sequence[str], position: Position) -> Reader:
        return _InOrder(self, topics, position)


async def _project(url: str, warm: Sequence[Message], messages: Sequence[Message]) -> float:
    """Seconds from when the messages can be read until all is committed."""
    bus = _Log()
    await bus.ensure_topics(TOPICS)
    before, measured = ([bus.append(message) for message in some] for some in (warm, messages))
    db = Database(Settings(env="test", database_url=url, bus_url=url, issuer="http://127.0.0.1"))
    await db.start()
    stop = asyncio.Event()
    running = asyncio.create_task(Consumer("metrics", db, bus, TOPICS, fold, service=service.name).run(stop))
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
        await db.stop()


async def _committed(db: Database, events: int) -> None:
    async with db.read() as reader:
        while await reader.conn.fetchval("SELECT coalesce(sum(next), 0) FROM consumer_offset") < events:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def _upsert(source: str, target: str) -> float:
    """Seconds to write what the projection made, without reading, folding, or counting anything: each table by one statement."""
    given, into = await asyncpg.connect(source), await asyncpg.connect(target)
    try:
        work = [await _statement(given, table) for table in (*(fact.table for fact in FACTS.values()), CELL, BUCKET)]
        started = perf_counter()
        async with into.transaction():
            for statement, columns in work:
                await into.execute(statement, *columns)
        return perf_counter() - started
    finally:
        await given.close()
        await into.close()


async def _statement(conn: Any, table: Table) -> tuple[str, list[list[Any]]]:
    """The upsert of all rows of a table, and its arguments: one list per column. JSON goes as text."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    kinds = {c.name: str(c.type.compile(dialect=dialect)).partition(" COLLATE")[0] for c in table.c}
    lists = ", ".join(f"${n}::{'TEXT' if kind == 'JSONB' else kind}[]" for n, kind in enumerate(kinds.values(), 1))
    picked = ", ".join(f"{name}::{kind}" for name, kind in kinds.items())
    names, key = ", ".join(kinds), [c.name for c in table.primary_key]
    changed = ", ".join(f"{name} = excluded.{name}" for name in kinds if name not in key)
    statement = (
        f"INSERT INTO {table.name} ({names}) SELECT {picked} FROM unnest({lists}) AS given({names})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}"
    )
    rows = await conn.fetch(f"SELECT {names} FROM {table.name}")
    return statement, [[row[name] for row in rows] for name in kinds]
