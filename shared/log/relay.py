"""From the outbox to the log, as one leader per service.

The leader holds the lease row while it publishes and deletes what it published in the same transaction. So every batch
starts at the oldest event that nobody has deleted, and per aggregate the first appearances in the log are in version
order whatever fails. A leader that was cut off (frozen, or its connection ended) may still publish its batch: those
events were in the outbox when its successor took over, so they come as duplicates, which readers tell by the version.

An event that cannot be sent (shared/log/delivery.py) is moved out of the outbox with all later ones of its aggregate
(shared/log/outbox_letters.py), in the same transaction; all others go on. What keeps everything back, such as a log that is away, is waited
for and noted in the database, where `clinch status` finds it.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from prometheus_client import Counter, Gauge

from shared.db.database import Database
from shared.errors import Unavailable
from shared.log import outbox_letters as letters
from shared.log.bus import Bus, TopicRefused, UnknownTopic
from shared.log.delivery import Delivery, deliver, deliver_whole, parcels
from shared.process.outage import Outage, every, pause

PUBLISHED = Counter("clinch_relay_published_total", "Events that the relay put into the log.", ["service"])
PENDING = Gauge("clinch_outbox_pending", "Events not yet in the log.", ["service"])
OLDEST = Gauge("clinch_outbox_oldest_age_seconds", "Age of the oldest event not yet in the log; 0 when there is none.", ["service"])
LETTERS = Gauge("clinch_outbox_letters", "Events parked because they cannot get into the log, and those behind them.", ["service"])
LED = Gauge("clinch_relay_led_timestamp_seconds", "When this worker last held the relay's lease, as Unix time; 0 for never.", ["service"])

BATCH = 500
PUBLISH_SECONDS = 10.0
SEARCH_SECONDS = 4.0
"""How long one try looks for the events that the log refuses, before it keeps what it has found."""
NOTE_SECONDS = 2.0
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
_LEAD = f"""
SELECT set_config('idle_in_transaction_session_timeout', $1, true), set_config('synchronous_commit', 'off', true),
       set_config('enable_seqscan', 'off', true), pg_postmaster_start_time() AS server,
       pg_current_xact_id()::text::bigint AS own, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
       EXISTS (SELECT FROM outbox_letter WHERE {letters.OPEN}) AS letters,
       EXISTS (SELECT FROM outbox_letter WHERE redrive_at IS NOT NULL) AS asked,
       EXISTS (SELECT FROM blocked_task WHERE name = 'relay') AS blocked
FROM lease WHERE name = 'relay' FOR UPDATE SKIP LOCKED
"""
_TAKE = f"""
SELECT o.id AS place, o.event_id, {letters.EVENT}
FROM (SELECT id, event_id FROM outbox WHERE id > $2 ORDER BY id LIMIT $1) o LEFT JOIN event e ON e.id = o.event_id ORDER BY o.id
"""
_DELETE = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"
_BLOCKED = """
INSERT INTO blocked_task (name, since, error) VALUES ('relay', now(), $1) ON CONFLICT (name) DO UPDATE SET error = excluded.error
"""
_GOES_ON = "DELETE FROM blocked_task WHERE name = 'relay'"
# When an event was recorded by the machine's clock is in its id (UUIDv7).
_STATE = f"""
SELECT (SELECT count(*) FROM outbox),
       (SELECT extract(epoch FROM now() - uuid_extract_timestamp(event_id))::float8 FROM outbox ORDER BY id LIMIT 1),
       (SELECT count(*) FROM outbox_letter WHERE {letters.OPEN})
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
    public_url: str = "",
    partitions: int = 8,
    batch: int = BATCH,
    on_published: Callable[[int], None] = lambda count: None,
) -> None:
    """Publish until `stop` is set. A topic that is missing is made, with so many partitions.

    `public_url` is where the schemas of events are served. `on_published` hears the size of each batch, for tests and benchmarks.

    Nothing ends it: with the log or the database away it waits, at most two seconds at a time, and goes on.
    """
    outage, idle, has_lease_row, state = Outage("relay", service=service), BUSY, False, _State(batch, Cleared())
    PUBLISHED.labels(service), LED.labels(service)
    while not stop.is_set():
        db.committed.clear()
        try:
            if not has_lease_row:
                async with db.connection() as conn:
                    await conn.execute(_LEASE)
                has_lease_row = True
            done = await _publish_next(db, bus, state, service, public_url)
        except Exception as error:
            if isinstance(error, UnknownTopic):
                error = await _make_topic(bus, error, partitions)
            if isinstance(error, TopicRefused):
                state.closed[error.topic] = str(error)  # the next batch parks its events
                continue
            if not isinstance(error, UnknownTopic):
                await _note(db, error)
            await outage.wait(error, stop)
            continue
        outage.over()
        if done.sent:
            PUBLISHED.labels(service).inc(done.sent)
            on_published(done.sent)
        if done.moved:
            idle = BUSY
        if done.moved < batch:
            await pause(GATHER, stop)
            await pause(idle - GATHER, stop, db.committed)
            idle = min(idle * 1.5, IDLE)


@dataclass(slots=True)
class _State:
    """What the relay remembers between two batches."""

    batch: int
    cleared: Cleared
    limit: int | None = None
    """Fewer than `batch`, while the log refuses so much that a whole batch takes too long."""
    closed: dict[str, str] = field(default_factory=dict)
    """Topics that are missing and cannot be made, with the reason."""


class _Done(NamedTuple):
    """Events that got into the log, and all that were dealt with."""

    sent: int = 0
    moved: int = 0


async def _publish_next(db: Database, bus: Bus, state: _State, service: str, public_url: str) -> _Done:
    """One batch, after the letters that people asked for; nothing when another worker leads."""
    limit, until = state.limit or state.batch, time.monotonic() + SEARCH_SECONDS
    asked = new = Delivery()
    async with db.connection() as conn, conn.transaction():
        async with asyncio.timeout(PUBLISH_SECONDS):
            lead = await conn.fetchrow(_LEAD, f"{LEASE_SECONDS:g}s")
            if lead is None:
                return _Done()
            LED.labels(service).set(time.time())
            if lead["asked"]:
                asked = await letters.publish_asked(
                    conn, bus, limit, service=service, closed=state.closed, until=until, public_url=public_url
                )
            state.cleared.begin(lead["server"], lead["own"], lead["oldest"])
            rows = await conn.fetch(_TAKE, limit, state.cleared.place)
            if rows:
                await db.on_disk()
            state.cleared.end(rows[0]["place"] if rows else None)
            plain = not (lead["letters"] or state.closed)
            whole = len(rows) if rows and plain and await deliver_whole(bus, rows, service, public_url) else 0
            if rows and not whole:
                batch = parcels(rows, service, public_url)
                held = await letters.held(conn, batch) if lead["letters"] else frozenset()
                new = await deliver(bus, batch, held=held, closed=state.closed, until=until)
        if rows:
            await letters.park(conn, new, service)
            gone = rows if whole else [parcel.row for parcel in new.gone()]
            await conn.execute(_DELETE, [row["place"] for row in gone])
        if lead["blocked"]:
            await conn.execute(_GOES_ON)
    state.limit, state.closed = asked.next_limit or new.next_limit, {}
    return _Done(whole + len(asked.sent) + len(new.sent), whole + len(asked.gone()) + len(new.gone()))


async def _note(db: Database, error: Exception) -> None:
    """Write down what blocks the relay, and since when: it may last, and whoever asks reads databases only."""
    if isinstance(error, Unavailable):  # the database itself is away, which shows by itself
        return
    with suppress(Exception):
        async with asyncio.timeout(NOTE_SECONDS), db.connection() as conn:
            await conn.execute(_BLOCKED, letters.storable(f"{type(error).__name__}: {error}"))


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
            pending, oldest, parked = await reader.row(_STATE)
        PENDING.labels(service).set(pending)
        OLDEST.labels(service).set(max(0.0, oldest or 0.0))
        LETTERS.labels(service).set(parked)

    await every(SAMPLE_SECONDS, look, stop, Outage("outbox sampler", service=service))
