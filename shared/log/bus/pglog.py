"""The log in Postgres: for runs on one machine, with the order and the offsets of Kafka and no broker.

An offset is taken from the partition's row in `head`, locked until the appending transaction ends: offsets have no
gaps, and a reader never sees one before those below it. Appending is the relay's work, done in batches, so the lock
and the NOTIFY at the end cost little; no request waits for them.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import asyncpg
import orjson

from shared.log.bus import Bus, BusUnavailable, Delivered, Message, OffsetOutOfRange, Positions, Reader, TopicPartition, UnknownTopic
from shared.log.bus.partition import partition_of
from shared.log.bus.pgdriver import CLOSE_TIMEOUT, as_bus_errors, refusing
from shared.log.bus.pggroup import Sessions
from shared.log.bus.pgreader import PgReader

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    AnyConnection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

log = logging.getLogger(__name__)

CHANNEL = "clinch_bus"
TIMEOUT = 30.0  # seconds; for one statement
CONNECT_TIMEOUT = 5.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS head (
    topic text, partition int, next bigint NOT NULL DEFAULT 0, PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS log (
    topic text, partition int, "offset" bigint, key text NOT NULL, headers json NOT NULL, value bytea NOT NULL,
    appended_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (topic, partition, "offset")
);
"""
CREATE = """
INSERT INTO head (topic, partition)
SELECT t, p FROM unnest($1::text[]) t, generate_series(0, $2::int - 1) p
WHERE NOT EXISTS (SELECT FROM head WHERE topic = t)
"""
PARTITIONS = "SELECT topic, count(*) FROM head WHERE topic = ANY($1::text[]) GROUP BY topic"
# In a fixed order, so that two relays never wait for each other.
LOCK = """
SELECT topic, partition, next FROM head
WHERE (topic, partition) IN (SELECT * FROM unnest($1::text[], $2::int[])) ORDER BY topic, partition FOR UPDATE
"""
APPEND = f"""
WITH appended AS (
    INSERT INTO log (topic, partition, "offset", key, headers, value)
    SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::json[], $6::bytea[])
), moved AS (
    UPDATE head SET next = m.next FROM unnest($7::text[], $8::int[], $9::bigint[]) AS m (topic, partition, next)
    WHERE head.topic = m.topic AND head.partition = m.partition
)
SELECT pg_notify('{CHANNEL}', t) FROM unnest($10::text[]) t
"""
HEADS = "SELECT topic, partition, next FROM head"
READ = """
SELECT "offset", key, headers, value FROM log
WHERE topic = $1 AND partition = $2 AND "offset" >= $3 ORDER BY "offset" LIMIT $4
"""
BOUNDS = """
SELECT topic, partition, coalesce((
    SELECT min("offset") FROM log l WHERE l.topic = head.topic AND l.partition = head.partition
), next) AS beginning, next FROM head WHERE topic = ANY($1::text[])
"""


class PgLog(Bus):
    def __init__(self, url: str, *, client: str) -> None:
        self._url = url
        self._client = client
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._readers: WeakSet[PgReader] = WeakSet()
        self._partitions: dict[str, int] = {}
        self.sessions = Sessions(self._connect)
        self._looking = asyncio.Lock()
        self._heads: dict[TopicPartition, int] = {}
        self._looked = -inf

    async def start(self) -> None:
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=3,
            init=self._create_tables,
            reset=_leave_as_is,
            timeout=CONNECT_TIMEOUT,
            command_timeout=TIMEOUT,
            # A relay that is frozen while it appends must not keep its successor from the heads of the partitions.
            server_settings={"application_name": self._client, "idle_in_transaction_session_timeout": "10s"},
        )

    async def stop(self) -> None:
        for reader in list(self._readers):
            await reader.close()
        await self.sessions.close(CLOSE_TIMEOUT)
        if pool := self._pool:
            self._pool = None
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await pool.close()
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                pool.terminate()

    async def _create_tables(self, connection: "AnyConnection") -> None:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('clinch bus schema'))")
            await connection.execute(SCHEMA)

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection outside the pool, for session locks; on it the readers hear at once of what is appended.

        They also look by themselves, so a lost NOTIFY only delays.
        """
        connection = await asyncpg.connect(
            self._url, timeout=CONNECT_TIMEOUT, command_timeout=TIMEOUT, server_settings={"application_name": self._client}
        )
        await connection.add_listener(CHANNEL, lambda _c, _pid, _channel, topic: self._wake(topic))
        return connection

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is None:
            raise BusUnavailable("the bus is not started")
        return self._pool

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        with as_bus_errors():
            return await self.pool.fetch(sql, *args)

    async def ensure_topics(self, topics: Sequence[str], partitions: int = 8) -> None:
        with as_bus_errors():
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(hashtext('clinch bus topics'))")
                await connection.execute(CREATE, list(dict.fromkeys(topics)), partitions)

    async def clear(self) -> None:
        """Delete all topics. Nobody may use the log meanwhile."""
        await self.fetch("TRUNCATE head, log")
        self._partitions.clear()

    async def publish(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        await self._learn_partitions({message.topic for message in messages})
        queues: defaultdict[TopicPartition, list[Message]] = defaultdict(list)
        with refusing(messages):
            for message in messages:
                queues[message.topic, partition_of(message.key, self._partitions[message.topic])].append(message)
        with as_bus_errors(), refusing(messages):
            async with self.pool.acquire() as connection, connection.transaction():
                heads = await connection.fetch(LOCK, *_columns(list(queues), 2))
                rows = [
                    (topic, partition, offset, message.key, orjson.dumps(message.headers).decode(), message.value)
                    for topic, partition, head in heads
                    for offset, message in enumerate(queues[topic, partition], start=head)
                ]
                if len(rows) != len(messages):  # the topic was dropped and not made again, or made smaller
                    self._partitions.clear()
                    raise BusUnavailable("the log's partitions changed while publishing")
                moved = [(topic, partition, head + len(queues[topic, partition])) for topic, partition, head in heads]
                topics = [topic for topic, _ in groupby(topic for topic, _, _ in heads)]
                await connection.execute(APPEND, *_columns(rows, 6), *_columns(moved, 3), topics)

    async def _learn_partitions(self, topics: set[str]) -> None:
        if unknown := topics - self._partitions.keys():
            self._partitions |= {row["topic"]: row["count"] for row in await self.fetch(PARTITIONS, list(unknown))}
            if missing := unknown - self._partitions.keys():
                raise UnknownTopic(min(missing))

    def reader(self, group: str, topics: Sequence[str], positions: Positions) -> Reader:
        reader = PgReader(self, group, topics, positions)
        self._readers.add(reader)
        return reader

    async def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Delivered]:
        rows = await self.fetch(READ, topic, partition, offset, limit)
        if not rows or rows[-1][0] != offset + len(rows) - 1:
            bounds = await self.bounds([topic])
            if (topic, partition) not in bounds:
                raise UnknownTopic(topic)
            beginning, end = bounds[topic, partition]
            missing = next((at for at, row in enumerate(rows, start=offset) if row[0] != at), offset)
            if rows or not beginning <= offset <= end:
                raise OffsetOutOfRange((topic, partition), missing, beginning, end)
        return [Delivered(topic, partition, at, key, value, orjson.loads(headers)) for at, key, headers, value in rows]

    async def heads(self, newer_than: float) -> Mapping[TopicPartition, int]:
        """Where each partition ends, looked up after the moment `newer_than` (of the monotonic clock): one look serves all readers."""
        async with self._looking:
            if self._looked < newer_than:
                began = monotonic()
                self._heads = {(topic, partition): end for topic, partition, end in await self.fetch(HEADS)}
                self._looked = began
        return self._heads

    async def bounds(self, topics: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]:
        """The beginning and the end of each partition of those of `topics` that exist."""
        rows = await self.fetch(BOUNDS, list(topics))
        return {(topic, partition): (beginning, end) for topic, partition, beginning, end in rows}

    async def beginning_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return {partition: beginning for partition, (beginning, _) in (await self._known_bounds(topics)).items()}

    async def end_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return {partition: end for partition, (_, end) in (await self._known_bounds(topics)).items()}

    async def _known_bounds(self, topics: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]:
        bounds = await self.bounds(topics)
        if missing := set(topics) - {topic for topic, _ in bounds}:
            raise UnknownTopic(min(missing))
        return bounds

    def _wake(self, topic: object) -> None:
        for reader in self._readers:
            reader.wake(topic)


async def _leave_as_is(connection: "AnyConnection") -> None:
    """Spare the round trip that resets a pooled connection: nothing here sets anything on one."""


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows turned into the `width` arrays that UNNEST takes."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
