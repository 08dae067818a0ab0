"""Everything projected anew from the log, into tables beside the live ones that take their place in one transaction."""

from collections.abc import Awaitable, Callable
from typing import Any

from metrics_svc.cells.tables import BUCKET, CELL
from metrics_svc.fold import TOPICS, TURN, fold
from metrics_svc.rebuild.beside import TABLES, create, swap
from shared import inbox
from shared.auth import SYSTEM
from shared.bus import Bus, TopicPartition
from shared.clock import utcnow
from shared.db import Context, Database, Tx
from shared.settings import Settings
from shared.tables import CONSUMER_SEEN

CONSUMER = "metrics"
_SCHEMA = "rebuilding"
_BATCH = 10_000
_TURNS = {topic: n for n, topic in enumerate(TOPICS)}
_OFFSETS = "SELECT topic, partition, next FROM consumer_offset WHERE consumer = $1"


async def rebuild(db: Database, bus: Bus, settings: Settings) -> int:
    """Returns how many events took effect. The live projection keeps answering meanwhile, and goes on where it was afterwards.

    Up to where the live consumer is, the log has to be complete: raises `OffsetOutOfRange` when its beginning is gone.
    """
    return (await _beside(db, bus, settings, _take_over))[0]


async def differing_rows(db: Database, bus: Bus, settings: Settings) -> tuple[int, int]:
    """How many rows of the live projection are not what the log says, and of how many events (quality.md, invariant 7)."""
    events, differ = await _beside(db, bus, settings, _compare)
    return differ, events


async def _beside(db: Database, bus: Bus, settings: Settings, finish: Callable[[Any], Awaitable[int]]) -> tuple[int, int]:
    async with db.connection() as conn:
        await conn.execute(f"DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE; CREATE SCHEMA {_SCHEMA}")
        try:
            await create(conn, _SCHEMA, [*TABLES, CONSUMER_SEEN])
            # Unqualified names now mean the tables beside: the fold needs not know.
            await conn.execute(f"SET search_path TO {_SCHEMA}, public")
            return await _Rebuild(conn, bus, settings).run(finish)
        finally:
            await conn.execute(f"RESET search_path; DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE")


async def _take_over(conn: Any) -> int:
    await swap(conn, _SCHEMA)
    return 0


async def _compare(conn: Any) -> int:
    differ = 0
    for table in TABLES:
        names = ", ".join(table.c.keys())  # an older schema has its columns in another order
        # Cells that came back to nothing stay in the live projection.
        where = {CELL: "WHERE n <> 0 OR amount <> 0 OR us <> 0", BUCKET: "WHERE n <> 0"}.get(table, "")
        live, anew = (f"SELECT {names} FROM {schema}.{table.name} {where}" for schema in ("public", _SCHEMA))
        differ += await conn.fetchval(f"SELECT count(*) FROM (({live} EXCEPT {anew}) UNION ALL ({anew} EXCEPT {live})) AS d")
    return differ


class _Rebuild:
    def __init__(self, conn: Any, bus: Bus, settings: Settings) -> None:
        self._conn, self._bus, self._settings = conn, bus, settings
        self._next: dict[TopicPartition, int] = {}
        self._folded = 0

    async def run(self, finish: Callable[[Any], Awaitable[int]]) -> tuple[int, int]:
        self._next = await self._bus.beginning_offsets(TOPICS)
        await self._read_on()
        async with self._conn.transaction():
            await self._conn.execute(TURN)
            await self._read_on()
            found = await finish(self._conn)
        return self._folded, found

    async def _read_on(self) -> None:
        """Up to where the live projection is. Leads before deals, as `TOPICS` has them: what comes before its lead is derived twice."""
        offsets = await self._live_offsets()
        for partition in sorted(offsets, key=lambda at: (_TURNS.get(at[0], len(_TURNS)), at[1])):
            await self._read_up_to(partition, offsets[partition])

    async def _live_offsets(self) -> dict[TopicPartition, int]:
        rows = await self._conn.fetch(_OFFSETS, CONSUMER)
        return {(row["topic"], row["partition"]): row["next"] for row in rows}

    async def _read_up_to(self, partition: TopicPartition, end: int) -> None:
        while (start := self._next.get(partition, 0)) < end:
            batch = [m for m in await self._bus.read(*partition, start, min(_BATCH, end - start)) if m.offset < end]
            if not batch:
                return
            async with self._conn.transaction():
                tx = Tx(self._conn, Context("metrics-svc", SYSTEM, utcnow(), "rebuild"), self._settings)
                found = await inbox.sort(tx, CONSUMER, batch, fold.types)
                await fold(tx, found.fresh)
                await inbox.saw(tx, CONSUMER, found.seen)
            self._folded += len(found.fresh)
            self._next[partition] = batch[-1].offset + 1
