"""Reading the log into a service's own database, each effect exactly once.

One batch is one transaction: the stored offsets are moved by compare-and-set, what was seen before is passed over, the rest is
handled. Whatever fails leaves no trace, and the log is read again from the stored offset.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from time import monotonic

import structlog
from prometheus_client import Gauge, Histogram

from shared.auth import SYSTEM
from shared.clock import Clock, moved_by, utcnow
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tx import Tx
from shared.log import inbox
from shared.log.bus import Bus, Delivered, OffsetOutOfRange, Reader, TopicPartition
from shared.log.dead_letters import describe, park
from shared.log.reactions import Handle, Reactions, give, parsed_by
from shared.process.outage import Outage, is_outage, pause

LAG = Gauge("clinch_consumer_lag_events", "Events in the log that the consumer has not dealt with.", ["service", "consumer", "topic"])
AGE = Histogram(
    "clinch_consumer_event_age_seconds",
    "From when an event was recorded to when its effect was committed.",
    ["service", "consumer"],
    buckets=(0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10, 60, 600),
)
DEAD = Gauge("clinch_dead_letters", "Events parked and not settled.", ["service", "consumer"])
POLLED = Gauge("clinch_consumer_last_poll_age_seconds", "How long ago the log last answered this consumer.", ["service", "consumer"])
STOPPED = Gauge("clinch_consumer_stopped", "1 when the consumer has given up and somebody has to decide.", ["service", "consumer"])

FOLD_LIMITS = (2000, 5000)
REACTION_LIMITS = (100, 500)
"""Events in one transaction, usually and when catching up. Reactions lock rows one after the other until the commit, so less."""
TRIES = 3
RETRY_SECONDS = 0.2
POLL_SECONDS = 0.5
OBSERVE_SECONDS = 5.0
SILENT_SECONDS = 60.0
"""Without an answer of the log for so long a consumer counts as not working. A reader that hangs is replaced long before that."""

_START = """
INSERT INTO consumer_offset (consumer, topic, partition, next)
SELECT $1, * FROM unnest($2::text[], $3::int[], $4::bigint[]) ON CONFLICT DO NOTHING
"""
_STORED = "SELECT topic, partition, next FROM consumer_offset WHERE consumer = $1"
# In a fixed order, so that two workers never wait for each other.
_MOVE = """
WITH stands AS (
  SELECT o.topic, o.partition, m.next
  FROM consumer_offset o JOIN unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[]) AS m (topic, partition, first, next)
  ON o.topic = m.topic AND o.partition = m.partition AND o.next = m.first
  WHERE o.consumer = $1 ORDER BY o.topic, o.partition FOR UPDATE OF o
)
UPDATE consumer_offset o SET next = s.next FROM stands s WHERE o.consumer = $1 AND o.topic = s.topic AND o.partition = s.partition
"""
_DEAD = "SELECT count(*) FROM dead_letter WHERE consumer = $1 AND settled_at IS NULL"


class _MovedOn(Exception):
    """A stored offset is not where this batch begins: another worker has dealt with it, because this one was cut off from the log."""


class Consumer:
    """One reader of some topics; several workers with the same name share the partitions. `service` names the metrics.

    What was seen under the `former` names counts as seen.
    """

    def __init__(
        self,
        name: str,
        db: Database,
        bus: Bus,
        topics: Sequence[str],
        handle: Handle,
        *,
        service: str,
        clock: Clock = utcnow,
        former: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.stopped: OffsetOutOfRange | None = None
        """Why it gave up, if it did."""
        self._db, self._bus, self._topics, self._handle = db, bus, list(topics), handle
        self._service, self._clock, self._former = service, clock, former
        self._types = parsed_by(handle)
        self._reacts = isinstance(handle, Reactions)
        self._least, self._most = REACTION_LIMITS if self._reacts else FOLD_LIMITS
        self._next: dict[TopicPartition, int] = {}
        self._observed = 0.0
        self._reader: Reader | None = None
        self._log = structlog.get_logger().bind(service=service, consumer=name)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set. An offset outside the log ends it too, loudly; everything else it waits out."""
        STOPPED.labels(self._service, self.name).set(0)
        POLLED.labels(self._service, self.name).set_function(lambda: self.last_poll_age)
        outage = Outage("consumer", service=self._service, consumer=self.name)
        reader = self._reader = self._bus.reader(f"{self._service}.{self.name}", self._topics, self._positions)
        limit = self._least
        try:
            while not stop.is_set():
                try:
                    batch = await self._poll(reader, limit)
                    if batch:
                        await self._deal_with(batch, reader, stop)
                    await self._observe(reader)
                except OffsetOutOfRange as error:
                    self._give_up(error)
                    return
                except Exception as error:
                    self._observed = 0.0  # an empty poll is no recovery: look at database and log before saying so
                    await outage.wait(error, stop)
                else:
                    outage.over()
                    limit = min(limit * 2, self._most) if len(batch) == limit else self._least
        finally:
            await reader.close()

    @property
    def last_poll_age(self) -> float:
        """Seconds since the log last answered; 0 before the first poll."""
        return self._reader.last_poll_age if self._reader else 0.0

    @property
    def obstacle(self) -> str | None:
        """What keeps it from working, for the probe."""
        if self.stopped:
            return f"consumer {self.name} has stopped: {self.stopped}"
        if self.last_poll_age > SILENT_SECONDS:
            return f"consumer {self.name}: the log has not answered for {self.last_poll_age:.0f} s"
        return None

    def _give_up(self, error: OffsetOutOfRange) -> None:
        self.stopped = error
        STOPPED.labels(self._service, self.name).set(1)
        self._log.error("consumer_stopped", error=str(error), hint="events are missing: rebuild from a copy, or set the stored offset")

    async def _positions(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The stored offsets; for a consumer that is new, the beginning of the log."""
        stored = await self._stored()
        if new := set(partitions) - stored.keys():
            beginnings = await self._bus.beginning_offsets(sorted({topic for topic, _ in new}))
            rows = [(*partition, beginnings[partition]) for partition in sorted(new)]
            async with self._db.connection() as conn:
                await conn.execute(_START, self.name, *zip(*rows, strict=True))
            stored = await self._stored()
        found = {partition: stored[partition] for partition in partitions}
        self._next |= found
        return found

    async def _stored(self) -> dict[TopicPartition, int]:
        async with self._db.read() as reader:
            return {(topic, partition): next for topic, partition, next in await reader.rows(_STORED, self.name)}

    async def _poll(self, reader: Reader, limit: int) -> list[Delivered]:
        """What there is, up to `limit`: for a fold of all partitions, since a transaction of few events costs much as one of many.
        A reaction locks rows until the commit, and takes one partition at a time.
        """
        batch = await reader.poll(limit, POLL_SECONDS)
        with suppress(Exception):  # the next poll says it again, and this batch must not be lost by it
            while batch and not self._reacts and len(batch) < limit and (more := await reader.poll(limit - len(batch), 0)):
                batch += more
        return batch

    async def _deal_with(self, batch: list[Delivered], reader: Reader, stop: asyncio.Event) -> None:
        """All of the batch, or up to where something else than an event fails. What fails is halved down to the bad event."""
        partitions = _spans(batch).keys()
        parts, tries = [batch], 0
        try:
            while parts and not stop.is_set():
                part = parts[-1]
                try:
                    await self._apply(part)
                except Exception as error:
                    if isinstance(error, _MovedOn) or is_outage(error):
                        raise
                    if len(part) > 1:
                        middle = len(part) // 2
                        parts[-1:] = [part[middle:], part[:middle]]
                        continue
                    tries += 1
                    if tries < TRIES:
                        await pause(RETRY_SECONDS * 2**tries, stop)
                        continue
                    await self._park(part[0], error)
                parts.pop()
                tries = 0
        except _MovedOn:
            await self._positions(partitions)
            self._log.warning("another_worker_moved_on", offsets=[[*partition, self._next[partition]] for partition in partitions])
        finally:
            # Without this the next poll would go on behind the batch, and what is left of it would be lost.
            if parts:
                for partition in partitions:
                    await reader.seek(partition, self._next[partition])
        await asyncio.gather(*[reader.committed(partition, self._next[partition]) for partition in partitions])

    async def _apply(self, part: Sequence[Delivered]) -> None:
        """One transaction: the offsets, the events that are news, and what was seen."""
        async with self._db.begin(self._context(part[0])) as tx:
            await self._move(tx, part)
            found = await inbox.sort(tx, self.name, part, self._types, former=self._former)
            await give(self._handle, tx, found.fresh, found.news)
            await inbox.saw(tx, self.name, found.seen)
            await park(tx, self.name, found.unfit)
        self._moved(part)
        for message, error in found.unfit:
            self._say_parked(message, error)
        for event in found.fresh[:: max(1, len(found.fresh) - 1)]:  # the first and the last
            if event.data.recorded_at:
                AGE.labels(self._service, self.name).observe(max(0.0, (self._clock() - event.data.recorded_at).total_seconds()))

    async def _park(self, message: Delivered, error: Exception) -> None:
        """Keep the event that fails, and go on behind it."""
        async with self._db.begin(self._context(message)) as tx:
            await self._move(tx, [message])
            await park(tx, self.name, [(message, describe(error))], TRIES)
        self._moved([message])
        self._say_parked(message, describe(error))

    async def _move(self, tx: Tx, part: Sequence[Delivered]) -> None:
        """Move the stored offsets over `part`, if they stand where it begins. Their rows stay locked until the end."""
        spans = [(*partition, *span) for partition, span in _spans(part).items()]
        if await tx.execute(_MOVE, self.name, *zip(*spans, strict=True)) != f"UPDATE {len(spans)}":
            raise _MovedOn

    def _moved(self, part: Sequence[Delivered]) -> None:
        self._next |= {partition: behind for partition, (_, behind) in _spans(part).items()}

    def _context(self, first: Delivered) -> Context:
        correlation = f"{self.name}:{first.topic}:{first.partition}:{first.offset}"
        return Context(self._service, SYSTEM, self._clock(), correlation, moved=moved_by(self._clock))

    def _say_parked(self, message: Delivered, error: str) -> None:
        place = {"topic": message.topic, "partition": message.partition, "offset": message.offset}
        self._log.error("dead_letter", **place, subject=message.headers.get("ce_subject"), error=error)

    async def _observe(self, reader: Reader) -> None:
        """Keep the gauges current, and see that the stored offsets are where they should be."""
        if monotonic() - self._observed < OBSERVE_SECONDS:
            return
        self._observed = monotonic()
        async with self._db.read() as database:
            DEAD.labels(self._service, self.name).set(await database.value(_DEAD, self.name))
        await self._go_back(reader, await self._stored())
        lag = dict.fromkeys(self._topics, 0)
        for partition, end in (await self._bus.end_offsets(self._topics)).items():
            if partition in reader.held and partition in self._next:
                lag[partition[0]] += max(0, end - self._next[partition])
        for topic, events in lag.items():
            LAG.labels(self._service, self.name, topic).set(events)

    async def _go_back(self, reader: Reader, stored: Mapping[TopicPartition, int]) -> None:
        """Where the database knows less than was committed: a crash takes back what a fold did not wait for. It is read again."""
        for partition in reader.held & stored.keys() & self._next.keys():
            if stored[partition] < self._next[partition]:
                self._log.warning("offset_taken_back", partition=partition, offset=stored[partition], was=self._next[partition])
                self._next[partition] = stored[partition]
                await reader.seek(partition, stored[partition])


def _spans(part: Sequence[Delivered]) -> dict[TopicPartition, tuple[int, int]]:
    """Where it begins in each of its partitions, and the offset behind its end."""
    spans: dict[TopicPartition, tuple[int, int]] = {}
    for partition, run in groupby(part, key=attrgetter("topic", "partition")):
        offsets = [message.offset for message in run]
        spans[partition] = (spans.get(partition, offsets)[0], offsets[-1] + 1)
    return spans
