"""From the outbox to the log, as one leader per service (architecture §4).

The leader holds the lease row while it publishes and deletes what it published in the same transaction. So every batch
starts at the oldest event that nobody has deleted, and per aggregate the first appearances in the log are in version
order whatever fails. A leader that was cut off (frozen, or its connection ended) may still publish its batch: those
events were in the outbox when its successor took over, so they come as duplicates, which readers tell by the version.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from prometheus_client import Counter, Gauge

from shared.bus import Bus, Message, UnknownTopic
from shared.db import Database
from shared.events.envelope import headers, topic
from shared.outage import Outage, every, pause

PUBLISHED = Counter("clinch_relay_published_total", "Events that the relay put into the log.", ["service"])
PENDING = Gauge("clinch_outbox_pending", "Events not yet in the log.", ["service"])
OLDEST = Gauge("clinch_outbox_oldest_age_seconds", "Age of the oldest event not yet in the log; 0 when there is none.", ["service"])
LED = Gauge("clinch_relay_led_timestamp_seconds", "When this worker last held the relay's lease, as Unix time; 0 for never.", ["service"])

BATCH = 500
PUBLISH_SECONDS = 10.0
LEASE_SECONDS = 15.0
"""Postgres ends the session of a leader that is silent for so long, and with it the lease. Longer than `PUBLISH_SECONDS`, so that a
leader that was frozen finds its own time up when it wakes, and drops the batch instead of publishing it late."""
GATHER = 0.01
BUSY, IDLE = 0.05, 0.25
"""Seconds between looks: after events, and at most. Commits of the same process wake the relay at once, but no more often
than every `GATHER`, or under load it would spend the machine on batches of one."""
SAMPLE_SECONDS = 5.0

_LEASE = "INSERT INTO lease (name) VALUES ('relay') ON CONFLICT DO NOTHING"
# A lost delete only brings a duplicate, so the commit need not wait for the disk. And a plan is kept that was made when the tables
# were small: without the setting it would read all events there are for each batch.
_LEAD = """
SELECT set_config('idle_in_transaction_session_timeout', $1, true), set_config('synchronous_commit', 'off', true),
       set_config('enable_seqscan', 'off', true), pg_postmaster_start_time() AS server,
       pg_current_xact_id()::text::bigint AS own, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest
FROM lease WHERE name = 'relay' FOR UPDATE SKIP LOCKED
"""
_TAKE = """
SELECT o.id AS place, e.id, e.type, e.aggregate, e.subject, e.version, e.time, e.traceparent, e.data
FROM (SELECT id, event_id FROM outbox WHERE id > $2 ORDER BY id LIMIT $1) o JOIN event e ON e.id = o.event_id ORDER BY o.id
"""
_DELETE = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"
_STATE = """
SELECT (SELECT count(*) FROM outbox),
       (SELECT extract(epoch FROM now() - e.recorded_at)::float8 FROM outbox o JOIN event e ON e.id = o.event_id ORDER BY o.id LIMIT 1)
"""


class Cleared:
    """Up to which place the outbox is empty for good, so that a look need not begin at its beginning.

    While somebody reads in one transaction for hours, what is deleted stays in the way of every look: Postgres cannot remove what
    that reader could still see. That nothing is before a place now is not enough, since places are drawn before the commit. But who
    draws one has written before, so has a number by then (xid): when all have ended that had one soon after, and there is still
    nothing, there never will be. On this server: one that took its place, or came back from a copy, may draw places again.
    """

    def __init__(self) -> None:
        self._begin_anew(None)

    def _begin_anew(self, server: datetime | None) -> None:
        self._server = server
        self.place = 0
        self._free: int | None = None
        """To here there was nothing at some look."""
        self._bound: int | None = None
        """Transactions from this number on have begun after it."""
        self._over = False

    def begin(self, server: datetime, own: int, oldest: int) -> None:
        """A look begins on the server started then, in a transaction of the number `own`, while those from `oldest` on may run."""
        if server != self._server:
            self._begin_anew(server)
        if self._free is not None and self._bound is None:
            self._bound = own
        self._over = self._bound is not None and oldest >= self._bound

    def end(self, first: int | None) -> None:
        """The first place where the look has found an event."""
        if self._over and self._free is not None:
            self.place = self._free if first is None else min(self._free, first - 1)
            self._free = self._bound = None
        if self._free is None and first is not None:
            self._free = first - 1


async def relay(
    db: Database,
    bus: Bus,
    stop: asyncio.Event,
    *,
    service: str,
    partitions: int = 8,
    batch: int = BATCH,
    on_published: Callable[[int], None] = lambda count: None,
) -> None:
    """Publish until `stop` is set. A topic that is missing is made, with so many partitions.

    `on_published` hears the size of each batch, for tests and benchmarks.

    Nothing ends it: with the log or the database away it waits, at most two seconds at a time, and goes on.
    """
    outage, idle, has_lease_row, cleared = Outage("relay", service=service), BUSY, False, Cleared()
    PUBLISHED.labels(service), LED.labels(service)
    while not stop.is_set():
        db.committed.clear()
        try:
            if not has_lease_row:
                async with db.connection() as conn:
                    await conn.execute(_LEASE)
                has_lease_row = True
            sent = await _publish_next(db, bus, batch, cleared, service)
        except Exception as error:
            if isinstance(error, UnknownTopic):
                error = await _make_topic(bus, error, partitions)
            await outage.wait(error, stop)
            continue
        outage.over()
        if sent:
            PUBLISHED.labels(service).inc(sent)
            on_published(sent)
            idle = BUSY
        if sent < batch:
            await pause(GATHER, stop)
            await pause(idle - GATHER, stop, db.committed)
            idle = min(idle * 1.5, IDLE)


async def _publish_next(db: Database, bus: Bus, batch: int, cleared: Cleared, service: str) -> int:
    """One batch; returns its size, 0 also when another worker leads."""
    async with db.connection() as conn, conn.transaction():
        async with asyncio.timeout(PUBLISH_SECONDS):
            lead = await conn.fetchrow(_LEAD, f"{LEASE_SECONDS:g}s")
            if lead is None:
                return 0
            LED.labels(service).set(time.time())
            cleared.begin(lead["server"], lead["own"], lead["oldest"])
            rows = await conn.fetch(_TAKE, batch, cleared.place)
            cleared.end(rows[0]["place"] if rows else None)
            if rows:
                await bus.publish([_message(row) for row in rows])
        if rows:
            await conn.execute(_DELETE, [row["place"] for row in rows])
        return len(rows)


def _message(row: Any) -> Message:
    made = headers(
        id=row["id"],
        type=row["type"],
        subject=row["subject"],
        version=row["version"],
        time=row["time"],
        traceparent=row["traceparent"],
    )
    return Message(topic(row["aggregate"]), str(row["subject"]), row["data"], made)


async def _make_topic(bus: Bus, error: UnknownTopic, partitions: int) -> Exception:
    """Make what is missing; what still stands in the way afterwards."""
    try:
        await bus.ensure_topics([error.topic], partitions)
    except Exception as refused:
        return refused
    return error


async def sample(db: Database, stop: asyncio.Event, *, service: str) -> None:
    """Keep the outbox gauges current until `stop` is set."""

    async def look() -> None:
        async with db.read() as reader:
            pending, oldest = await reader.conn.fetchrow(_STATE)
        PENDING.labels(service).set(pending)
        OLDEST.labels(service).set(max(0.0, oldest or 0.0))

    await every(SAMPLE_SECONDS, look, stop, Outage("outbox sampler", service=service))
