"""Projecting lanes again from the log, into shadow tables that take the place of the live ones in one transaction for each lane."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from metrics_svc.cells.merging import TURN, merge
from metrics_svc.cells.months import keep_months
from metrics_svc.cells.tables import PENDING
from metrics_svc.facts import deadline, prompt
from metrics_svc.fold import LANES, Lane
from metrics_svc.rebuild.progress import Telling
from metrics_svc.rebuild.shadow import CELLS, create, drop_pending, drop_uncounted, facts, replace_cells, says, swap_facts, uncounted
from metrics_svc.rebuild.versions import forget_older, keep, measures_of, outdated
from shared.auth import SYSTEM
from shared.clock import utcnow
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tables import CONSUMER_SEEN
from shared.db.tx import Reader, Tx
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

_FROM_THE_FIRST = ("lead", "deal", "milestone", "payment", "quote", *deadline.AGGREGATES, *prompt.AGGREGATES)
"""The aggregates whose first events every lane reads that reads any of them; those of contracts are not all read."""


class LogIncomplete(BusError):
    """The beginning of the log is gone, so not everything can be projected from it."""


async def rebuild(db: Database, bus: Bus, settings: Settings) -> int:
    """Project everything again; how many events took effect. The live projection keeps answering, and continues where it was.

    Up to where the live consumers are, the log has to be complete: raises `LogIncomplete` when its beginning is gone.
    """
    async with _alone(db) as conn:
        await forget_older(_tx(conn, settings))
        events = sum([(await _in_shadow(conn, lane, bus, settings, _take_over))[0] for lane in LANES.values()])
        await keep_months(_tx(conn, settings))
    return events


async def renew(db: Database, bus: Bus, settings: Settings, lane: Lane) -> None:
    """Project a lane again if its facts were made by other code, and no other worker has done it meanwhile."""
    async with _alone(db) as conn:
        if "facts" in (await outdated(Reader(conn), settings)).get(lane.name, ()):
            await _in_shadow(conn, lane, bus, settings, _take_over)


async def differing_rows(db: Database, bus: Bus, settings: Settings) -> tuple[int, int]:
    """How many rows of the live projection are not what the log says, and of how many events."""
    async with _alone(db) as conn:
        found = [await _in_shadow(conn, lane, bus, settings, _compare) for lane in LANES.values()]
        more = await uncounted(Reader(conn))
    return more + sum(differ for _, differ in found), sum(events for events, _ in found)


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


_Finish = Callable[[Tx, Lane], Awaitable[int]]


async def _in_shadow(conn: Any, lane: Lane, bus: Bus, settings: Settings, finish: _Finish) -> tuple[int, int]:
    """Project the lane's log into shadow tables, then `finish`: how many events there were, and what `finish` returned."""
    tx = _tx(conn, settings)
    await tx.execute(f"DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE; CREATE SCHEMA {_SCHEMA}")
    telling = Telling(tx, lane.name) if finish is _take_over else None
    try:
        await create(tx, _SCHEMA, [*facts(lane.name), *CELLS, PENDING, CONSUMER_SEEN])
        # Unqualified names now mean the shadow tables: the fold need not know.
        await tx.execute(f"SET search_path TO {_SCHEMA}, public")
        again = _Again(lane, conn, bus, settings, telling)
        await again.read_on()
        await merge(tx)
        async with conn.transaction():
            await tx.execute(lane.turn)
            await again.read_on()
            await again.check()
            found = await finish(tx, lane)
        if telling:
            telling.end(again.folded)
        return again.folded, found
    finally:
        await tx.execute(f"RESET search_path; RESET application_name; DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE")


def _tx(conn: Any, settings: Settings) -> Tx:
    """On the connection whose search path is set; whether a transaction is open there is the caller's business."""
    return Tx(conn, Context("metrics-svc", SYSTEM, utcnow(), "rebuild"), settings)


async def _take_over(tx: Tx, lane: Lane) -> int:
    await tx.execute(TURN)
    await merge(tx)
    await drop_pending(tx, lane.name)
    await drop_uncounted(tx)
    for table, measure in product(CELLS, measures_of(lane.name)):
        await replace_cells(tx, table, f"{_SCHEMA}.{table.name}", measure.name)
    await swap_facts(tx, lane.name, _SCHEMA)
    await keep(tx, lane.name, "facts", "cells")
    return 0


async def _compare(tx: Tx, lane: Lane) -> int:
    await tx.execute(TURN)
    for path in ("public", f"{_SCHEMA}, public"):
        await tx.execute(f"SET LOCAL search_path TO {path}")
        await merge(tx)
    its = [await _differing(tx, table, "") for table in facts(lane.name)]
    cells = product(CELLS, measures_of(lane.name))
    its += [await _differing(tx, table, f"WHERE measure = $1 AND ({says(table)})", measure.name) for table, measure in cells]
    return sum(its)


async def _differing(tx: Tx, table: Table, where: str, *args: Any) -> int:
    names = ", ".join(table.c.keys())  # an older schema has its columns in another order
    live, again = (f"SELECT {names} FROM {schema}.{table.name} {where}" for schema in ("public", _SCHEMA))
    return int(await tx.value(f"SELECT count(*) FROM (({live} EXCEPT {again}) UNION ALL ({again} EXCEPT {live})) AS d", *args))


class _Again:
    """A lane projected again, up to where its live consumer is."""

    def __init__(self, lane: Lane, conn: Any, bus: Bus, settings: Settings, telling: Telling | None) -> None:
        self._lane, self._conn, self._bus, self._settings, self._telling = lane, conn, bus, settings, telling
        self._turns = {topic: n for n, topic in enumerate(lane.topics)}
        self._first: dict[TopicPartition, int] = {}
        self._next: dict[TopicPartition, int] = {}
        self._known: set[UUID] = set()
        self.folded = 0

    @property
    def _cut(self) -> set[TopicPartition]:
        """The partitions whose first messages are gone."""
        return {partition for partition, first in self._first.items() if first > 0}

    async def read_on(self) -> None:
        """Read up to where the live projection is, parents before their parts."""
        if not self._first:
            self._first = await self._bus.beginning_offsets(self._lane.topics)
            self._next = dict(self._first)
        ends = await self._live_offsets()
        await self._tell(ends)
        for partition in sorted(ends, key=lambda at: (self._turns.get(at[0], len(self._turns)), at[1])):
            await self._read_up_to(partition, ends)

    async def check(self) -> None:
        if self._cut and await _tx(self._conn, self._settings).value(_LOST, self._lane.consumer):
            raise LogIncomplete("the log has nothing of some records that are known: what was before is gone")

    async def _tell(self, ends: dict[TopicPartition, int]) -> None:
        if self._telling:
            first = {partition: self._first.get(partition, 0) for partition in ends}
            read = sum(self._next.get(partition, 0) - at for partition, at in first.items())
            await self._telling.come_to(read, sum(ends[partition] - at for partition, at in first.items()))

    async def _live_offsets(self) -> dict[TopicPartition, int]:
        rows = await _tx(self._conn, self._settings).rows(_OFFSETS, self._lane.consumer)
        return {(row["topic"], row["partition"]): row["next"] for row in rows}

    async def _read_up_to(self, partition: TopicPartition, ends: dict[TopicPartition, int]) -> None:
        end = ends[partition]
        while (start := self._next.get(partition, 0)) < end:
            batch = [m for m in await self._bus.read(*partition, start, min(_BATCH, end - start)) if m.offset < end]
            if not batch:
                return
            async with self._conn.transaction():
                tx = _tx(self._conn, self._settings)
                found = await inbox.sort(tx, self._lane.consumer, batch, self._lane.fold.types)
                if self._first.get(partition, 0) > 0:
                    self._check_beginnings(partition, found.fresh)
                await self._lane.fold(tx, found.fresh)
                await inbox.saw(tx, self._lane.consumer, found.seen)
            self.folded += len(found.fresh)
            self._next[partition] = batch[-1].offset + 1
            await self._tell(ends)

    def _check_beginnings(self, partition: TopicPartition, events: Iterable[Envelope[Any]]) -> None:
        """Raise `LogIncomplete` when a record's first event is missing.

        Messages are deleted only when they are old, or all together when the log is written again, which then has every first event.
        """
        for e in events:
            if e.subject not in self._known and e.version > 1 and e.data.aggregate in _FROM_THE_FIRST:
                name, number = partition
                raise LogIncomplete(f"{name}[{number}] has no first event of {e.subject}: what was before is gone")
            self._known.add(e.subject)
