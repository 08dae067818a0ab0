"""A member of a Kafka consumer group whose offsets live elsewhere."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from time import monotonic
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from aiokafka.structs import ConsumerRecord

from shared.log.bus import BusUnavailable, Delivered, OffsetOutOfRange, Positions, Reader, TopicPartition, UnknownTopic
from shared.log.bus.kafkadriver import READ_BYTES, REQUEST_TIMEOUT, as_bus_errors, delivered, discard_consumer, leave_silent_brokers_soon

log = logging.getLogger(__name__)

SESSION_TIMEOUT = 6.0  # seconds; a member that died is replaced after this. The least that a broker allows unless told otherwise
SILENCE = 20.0  # seconds of polling without any answer, after which the consumer is taken for hung and replaced
COMMIT_TIMEOUT = 1.0  # seconds; reading must not wait for a coordinator that is silent
STEP = 0.2  # seconds; the longest single wait inside a poll
RETRY = (0.1, 2.0)  # seconds; first and longest wait before a failed poll raises


class Cluster(Protocol):
    """What a reader needs of its bus."""

    connection: dict[str, Any]

    async def partition_counts(self, topics: Iterable[str]) -> Mapping[str, int]: ...


class KafkaReader(Reader, ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    """Offsets are asked for in `poll`, never in the rebalance callbacks: those swallow exceptions."""

    def __init__(self, bus: Cluster, group: str, topics: Sequence[str], positions: Positions) -> None:
        self._bus = bus
        self._group = group
        self._topics = list(topics)
        self._positions = positions
        self._consumer: AIOKafkaConsumer | None = None
        self._settled = False  # False while the group shares its partitions anew
        self._ready: set[KafkaPartition] = set()  # assigned, and told where to go on
        self._fetched: OrderedDict[KafkaPartition, list[ConsumerRecord[bytes, bytes]]] = OrderedDict()  # first in turn first
        self._seen = 0  # milliseconds; when a broker last answered a fetch
        self._answered = monotonic()
        self._silence = 0.0  # seconds waited since then
        self._retry = RETRY[0]
        self._closed = False

    def on_partitions_revoked(self, revoked: set[KafkaPartition]) -> None:
        self._settled = False
        self._forget()

    def on_partitions_assigned(self, assigned: set[KafkaPartition]) -> None:
        self._settled = True
        self._forget()

    def _forget(self) -> None:
        self._ready = set()  # a new set: a poll in progress sees by it that its partitions are gone
        self._fetched.clear()

    @property
    def held(self) -> frozenset[TopicPartition]:
        return frozenset((at.topic, at.partition) for at in self._ready)

    @property
    def last_poll_age(self) -> float:
        return monotonic() - self._answered

    async def poll(self, limit: int, timeout: float) -> list[Delivered]:
        deadline = monotonic() + timeout
        while not self._closed:
            try:
                batch = await self._batch(limit, deadline)
            except (BusUnavailable, UnknownTopic):
                await self._leave()
                await asyncio.sleep(max(0.0, min(self._retry, deadline - monotonic())))
                self._retry = min(self._retry * 2, RETRY[1])
                raise
            if batch:
                self._heard()
                return batch
            if monotonic() >= deadline:
                break
        return []

    async def _batch(self, limit: int, deadline: float) -> list[Delivered]:
        with as_bus_errors():
            consumer = self._consumer or await self._join()
            consumer._coordinator.check_errors()  # joining goes on only after an error was looked at here
        if self._settled:
            await self._assign(consumer)
        idle = [at for at in self._ready if at not in self._fetched]
        wait = 0.0 if self._fetched else max(0.0, min(STEP, deadline - monotonic()))
        if idle:
            with as_bus_errors():
                await self._fetch(consumer, idle, wait)
        elif wait:
            await asyncio.sleep(wait)
        if self._fetched:
            return self._take(limit)
        self._listen(consumer, wait)
        return []

    async def _join(self) -> AIOKafkaConsumer:
        await self._bus.partition_counts(self._topics)  # subscribing to a topic that does not exist could create it
        consumer = self._consumer = AIOKafkaConsumer(
            **self._bus.connection,
            group_id=self._group,
            auto_offset_reset="none",
            enable_auto_commit=False,
            session_timeout_ms=int(SESSION_TIMEOUT * 1000),
            heartbeat_interval_ms=int(SESSION_TIMEOUT * 300),
            fetch_max_bytes=READ_BYTES,
        )
        leave_silent_brokers_soon(consumer)
        async with asyncio.timeout(REQUEST_TIMEOUT):
            await consumer.start()
        consumer.subscribe(self._topics, listener=self)
        return consumer

    async def _assign(self, consumer: AIOKafkaConsumer) -> None:
        """Ask where to go on in the partitions that are new here; the brokers are asked for all of them at once."""
        ready = self._ready
        new = sorted(consumer.assignment() - ready)
        if not new:
            return
        # The stored offsets first: those of a partition that another member still works on may only grow afterwards, and so may its end.
        offsets = await self._positions([(at.topic, at.partition) for at in new])
        with as_bus_errors():
            beginnings = await consumer.beginning_offsets(new)
            ends = await consumer.end_offsets(new)
        if self._ready is not ready:
            return  # shared anew meanwhile
        for partition, offset in offsets.items():
            at = KafkaPartition(*partition)
            if not beginnings[at] <= offset <= ends[at]:
                raise OffsetOutOfRange(partition, offset, beginnings[at], ends[at])
            with suppress(IllegalStateError):  # no longer assigned
                consumer.seek(at, offset)
                ready.add(at)

    async def _fetch(self, consumer: AIOKafkaConsumer, idle: list[KafkaPartition], wait: float) -> None:
        ready = self._ready
        try:
            async with asyncio.timeout(wait + STEP):  # during a rebalance it would wait for its end
                fetched = await consumer.getmany(*idle, timeout_ms=int(wait * 1000))
        except (TimeoutError, NoOffsetForPartitionError, ConsumerStoppedError):
            return  # slow, or shared anew, or closed meanwhile
        except OffsetOutOfRangeError as error:
            ready.difference_update(*error.args)  # the next round asks for the stored offset again, and names what is wrong
            return
        if self._ready is ready:  # otherwise the messages are from Kafka's own offsets
            self._fetched.update(fetched)

    def _take(self, limit: int) -> list[Delivered]:
        at, records = self._fetched.popitem(last=False)
        if len(records) > limit:
            self._fetched[at] = records[limit:]  # at the end of the queue
        return [delivered(record) for record in islice(records, limit)]

    def _listen(self, consumer: AIOKafkaConsumer, waited: float) -> None:
        """An empty answer is an answer; silence for long means that the consumer hangs."""
        seen = max((consumer.last_poll_timestamp(at) or 0 for at in self._ready if at in consumer.assignment()), default=0)
        if (self._settled and not consumer.assignment()) or seen > self._seen:
            self._seen = max(seen, self._seen)
            self._heard()
        else:
            self._silence += waited
            if self._silence > SILENCE:
                self._silence = 0.0
                raise BusUnavailable(f"Kafka has not answered the group {self._group} for {SILENCE:.0f} s")

    def _heard(self) -> None:
        self._answered = monotonic()
        self._silence = 0.0
        self._retry = RETRY[0]

    async def seek(self, partition: TopicPartition, offset: int) -> None:
        at = KafkaPartition(*partition)
        if self._consumer and at in self._ready:
            self._fetched.pop(at, None)
            with suppress(IllegalStateError):
                self._consumer.seek(at, offset)

    async def committed(self, partition: TopicPartition, offset: int) -> None:
        if self._consumer and KafkaPartition(*partition) in self._ready:
            try:
                async with asyncio.timeout(COMMIT_TIMEOUT):
                    await self._consumer.commit({KafkaPartition(*partition): offset})
            except (KafkaError, TimeoutError) as error:
                log.debug("Kafka did not take the offset %s of %s: %s", offset, partition, error)

    async def close(self) -> None:
        self._closed = True
        await self._leave()

    async def _leave(self) -> None:
        consumer, self._consumer = self._consumer, None
        self._settled = False
        self._forget()
        if consumer:
            await discard_consumer(consumer)
