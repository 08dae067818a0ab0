"""Projecting everything again from the log, into shadow tables that take the place of the live ones in one transaction."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from metrics_svc.cells.tables import BUCKET, CELL
from metrics_svc.facts import deadline
from metrics_svc.fold import EVERY_TURN, LANES, Lane
from metrics_svc.rebuild.shadow import TABLES, create, swap
from metrics_svc.rebuild.versions import keep, outdated
from shared.auth import SYSTEM
from shared.clock import utcnow
from shared.db.context import Context
from shared.db.tables import CONSUMER_SEEN
from shared.db.tx import Database, Reader, Tx
from shared.events.envelope import Envelope
from shared.log import inbox
from shared.log.bus import Bus, BusError, TopicPartition
from shared.process.settings import Settings

_SCHEMA = "rebuilding"
_BATCH = 10_000
_OFFSETS = "SELECT topic, partition, next FROM consumer_offset WHERE consumer = $1"
_LOST = f"""
SELECT EXISTS (SELECT subject FROM public.consumer_seen WHERE consumer = $1
EXCEPT SELECT subject FROM {_SCHEMA}.consumer_seen WHERE consumer = $1)
"""
_ALONE = 4710002

_FROM_THE_FIRST = ("lead", "deal", "milestone", "payment", "quote", *deadline.AGGREGATES)
"""The aggregates whose first events every lane reads that reads any of them; those of contracts are not all read."""


class LogIncomplete(BusError):
    """The beginning of the log is gone, so not everything can be projected from it."""


class Stopped(Exception):
    """The process is told to stop."""


async def rebuild(db: Database, bus: Bus, settings: Settings) -> int:
    """Project everything again; how many events took effect. The live projection keeps answering, and continues where it was.

    Up to where the live consumer is, the log has to be complete: raises `LogIncomplete` when its beginning is gone.
    """
    async with _alone(db) as conn:
        return (await _in_shadow(conn, bus, settings, _take_over))[0]


async def renew(db: Database, bus: Bus, settings: Settings, stop: asyncio.Event) -> None:
    """`rebuild` if the facts were made by other code, and no other worker has done it meanwhile. Raises `Stopped` when told to stop."""
    async with _alone(db) as conn:
        if "facts" in await outdated(Reader(conn), settings):
            await _in_shadow(conn, bus, settings, _take_over, stop)


async def differing_rows(db: Database, bus: Bus, settings: Settings) -> tuple[int, int]:
    """How many rows of the live projection are not what the log says, and of how many events."""
    async with _alone(db) as conn:
        events, differ = await _in_shadow(conn, bus, settings, _compare)
    return differ, events


@asynccontextmanager
async def _alone(db: Database) -> AsyncIterator[Any]:
    """A connection that holds the lock of rebuilds: all of them make tables of the same names."""
    async with db.connection() as conn:
        while not await conn.fetchval(f"SELECT pg_try_advisory_lock({_ALONE})"):  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.2)  # as long as it takes: a statement that waits for the lock would time out
        try:
            yield conn
        finally:
            await conn.execute(f"SELECT pg_advisory_unlock({_ALONE})")


async def _in_shadow(conn: Any, bus: Bus, settings: Settings, finish: "_Finish", stop: asyncio.Event | None = None) -> tuple[int, int]:
    """Project the log into shadow tables, then `finish`: how many events there were, and what `finish` returned."""
    tx = _tx(conn, settings)
    await tx.execute(f"DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE; CREATE SCHEMA {_SCHEMA}")
    try:
        await create(tx, _SCHEMA, [*TABLES, CONSUMER_SEEN])
        # Unqualified names now mean the shadow tables: the fold need not know.
        await tx.execute(f"SET search_path TO {_SCHEMA}, public")
        return await _Rebuild(conn, bus, settings, stop).run(finish)
    finally:
        await tx.execute(f"RESET search_path; DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE")


def _tx(conn: Any, settings: Settings) -> Tx:
    """On the connection whose search path is set; whether a transaction is open there is the caller's business."""
    return Tx(conn, Context("metrics-svc", SYSTEM, utcnow(), "rebuild"), settings)


_Finish = Callable[[Tx], Awaitable[int]]


async def _take_over(tx: Tx) -> int:
    await swap(tx, _SCHEMA)
    await keep(tx, "facts", "cells")
    return 0


async def _compare(tx: Tx) -> int:
    differ = 0
    for table in TABLES:
        names = ", ".join(table.c.keys())  # an older schema has its columns in another order
        # The live projection keeps cells whose sums came back to zero.
        where = {CELL: "WHERE n <> 0 OR amount <> 0 OR us <> 0", BUCKET: "WHERE n <> 0"}.get(table, "")
        live, again = (f"SELECT {names} FROM {schema}.{table.name} {where}" for schema in ("public", _SCHEMA))
        differ += await tx.value(f"SELECT count(*) FROM (({live} EXCEPT {again}) UNION ALL ({again} EXCEPT {live})) AS d")
    return differ


class _Rebuild:
    """All lanes, one after the other."""

    def __init__(self, conn: Any, bus: Bus, settings: Settings, stop: asyncio.Event | None) -> None:
        self._lanes = [_LaneAgain(lane, conn, bus, settings, stop) for lane in LANES.values()]
        self._conn, self._settings = conn, settings

    async def run(self, finish: _Finish) -> tuple[int, int]:
        for lane in self._lanes:
            await lane.begin()
            await lane.read_on()
        async with self._conn.transaction():
            tx = _tx(self._conn, self._settings)
            await tx.execute(EVERY_TURN)
            for lane in self._lanes:
                await lane.read_on()
                await lane.check()
            found = await finish(tx)
        return sum(lane.folded for lane in self._lanes), found


class _LaneAgain:
    def __init__(self, lane: Lane, conn: Any, bus: Bus, settings: Settings, stop: asyncio.Event | None) -> None:
        self._lane, self._conn, self._bus, self._settings, self._stop = lane, conn, bus, settings, stop
        self._turns = {topic: n for n, topic in enumerate(lane.topics)}
        self._next: dict[TopicPartition, int] = {}
        self._cut: set[TopicPartition] = set()
        """The partitions whose first messages are gone."""
        self._known: set[UUID] = set()
        self.folded = 0

    async def begin(self) -> None:
        self._next = await self._bus.beginning_offsets(self._lane.topics)
        self._cut = {partition for partition, beginning in self._next.items() if beginning > 0}

    async def read_on(self) -> None:
        """Read up to where the live projection is, parents before their parts."""
        offsets = await self._live_offsets()
        for partition in sorted(offsets, key=lambda at: (self._turns.get(at[0], len(self._turns)), at[1])):
            await self._read_up_to(partition, offsets[partition])

    async def check(self) -> None:
        if self._cut and await _tx(self._conn, self._settings).value(_LOST, self._lane.consumer):
            raise LogIncomplete("the log has nothing of some records that are known: what was before is gone")

    async def _live_offsets(self) -> dict[TopicPartition, int]:
        rows = await _tx(self._conn, self._settings).rows(_OFFSETS, self._lane.consumer)
        return {(row["topic"], row["partition"]): row["next"] for row in rows}

    async def _read_up_to(self, partition: TopicPartition, end: int) -> None:
        while (start := self._next.get(partition, 0)) < end:
            if self._stop is not None and self._stop.is_set():
                raise Stopped
            batch = [m for m in await self._bus.read(*partition, start, min(_BATCH, end - start)) if m.offset < end]
            if not batch:
                return
            async with self._conn.transaction():
                tx = _tx(self._conn, self._settings)
                found = await inbox.sort(tx, self._lane.consumer, batch, self._lane.fold.types)
                if partition in self._cut:
                    self._check_beginnings(partition, found.fresh)
                await self._lane.fold(tx, found.fresh)
                await inbox.saw(tx, self._lane.consumer, found.seen)
            self.folded += len(found.fresh)
            self._next[partition] = batch[-1].offset + 1

    def _check_beginnings(self, partition: TopicPartition, events: Iterable[Envelope[Any]]) -> None:
        """Raise `LogIncomplete` when a record's first event is missing.

        Messages are deleted only when they are old, or all together when the log is written again, which then has every first event.
        """
        for e in events:
            if e.subject not in self._known and e.version > 1 and e.data.aggregate in _FROM_THE_FIRST:
                name, number = partition
                raise LogIncomplete(f"{name}[{number}] has no first event of {e.subject}: what was before is gone")
            self._known.add(e.subject)
