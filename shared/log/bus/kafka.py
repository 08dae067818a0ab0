"""The bus on Apache Kafka."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakSet

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.log.bus import (
    Bus,
    BusUnavailable,
    Delivered,
    Message,
    OffsetOutOfRange,
    Positions,
    Reader,
    TopicPartition,
    TopicRefused,
    UnknownTopic,
)
from shared.log.bus.kafkadriver import (
    OF_A_NEW_TOPIC,
    READ_BYTES,
    REQUEST_TIMEOUT,
    as_bus_errors,
    delivered,
    discard_consumer,
    discard_producer,
    leave_silent_brokers_soon,
    refusing,
)
from shared.log.bus.kafkareader import KafkaReader
from shared.log.bus.kafkaurl import connection_options
from shared.log.bus.partition import partition_of

log = structlog.get_logger()

TIMEOUT = 20.0  # seconds; for anything but publishing
PRODUCE_TIMEOUT = 4.0  # for one request; a broker that went silent is left for the next leader well within a try of the relay
PUBLISH_TIMEOUT = 30.0  # for a whole batch: an idempotent producer would try for ever
REPLICAS = 3  # of a new topic, where there are as many brokers
FEW = "as many as brokers answered, and the number stays: docs/operations/kafka.md says how to raise it"
BATCH_BYTES = 512 * 1024  # half of a request: a batch of the relay is then one request per partition


class KafkaBus(Bus):
    def __init__(self, url: str, *, client: str) -> None:
        self.connection = connection_options(url) | {"client_id": client, "request_timeout_ms": int(REQUEST_TIMEOUT * 1000)}
        self._producer: AIOKafkaProducer | None = None
        self._publishing = asyncio.Lock()
        self._consumer: AIOKafkaConsumer | None = None  # outside any group
        self._reading = asyncio.Lock()
        self._at: tuple[KafkaPartition, int] | None = None  # where that consumer stands
        self._readers: WeakSet[KafkaReader] = WeakSet()
        self._partitions: dict[str, int] = {}

    async def start(self) -> None:
        """Nothing to do: it connects when first used."""

    async def stop(self) -> None:
        await asyncio.gather(*(reader.close() for reader in self._readers))
        await self._drop_producer()
        await self._drop_consumer()

    async def ensure_topics(self, topics: Sequence[str], partitions: int = 8) -> None:
        """Ask with all brokers up: a new topic gets as many replicas as brokers are seen, three at most, and keeps that number."""
        async with self._admin() as admin:
            missing = set(topics).difference(await admin.list_topics())
            if not missing:
                return
            replicas = min(REPLICAS, len((await admin.describe_cluster())["brokers"]))
            new = [NewTopic(topic, partitions, replicas, topic_configs=_settings(replicas)) for topic in sorted(missing)]
            for topic, code, *_ in (await admin.create_topics(new)).topic_errors:
                if code and (error := for_code(code)) is not TopicAlreadyExistsError:
                    if issubclass(error, OF_A_NEW_TOPIC):
                        raise TopicRefused(topic, f"it does not exist and cannot be created: {error.__name__}")
                    raise error()
            while missing.difference(await admin.list_topics()):  # noqa: ASYNC110  # they are known a little after they are made
                await asyncio.sleep(0.1)
        if 1 < replicas < REPLICAS:  # one is a cluster of one, as on a developer's machine
            log.warning("topics_made_with_few_replicas", topics=sorted(missing), replicas=replicas, wanted=REPLICAS, hint=FEW)

    async def replicas_missing(self, topics: Sequence[str]) -> dict[str, int]:
        """Of a topic's worst partition: made while a broker was down, or not caught up since."""
        async with self._admin() as admin:
            wanted = min(REPLICAS, len((await admin.describe_cluster())["brokers"]))
            described = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics()}
        return {topic: max(_missing(one, wanted) for one in described[topic]) for topic in topics if described.get(topic)}

    async def cluster_id(self) -> str:
        """What tells this cluster from every other one, whatever its address."""
        async with self._admin() as admin:
            return str((await admin.describe_cluster())["cluster_id"])

    async def publish(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        counts = await self.partition_counts({message.topic for message in messages})
        queues: defaultdict[KafkaPartition, list[Message]] = defaultdict(list)
        for message in messages:
            with refusing(message.topic, [message]):
                queues[KafkaPartition(message.topic, partition_of(message.key, counts[message.topic]))].append(message)
        async with self._publishing:  # so that a failure spoils no other batch
            try:
                with as_bus_errors():
                    async with asyncio.timeout(PUBLISH_TIMEOUT):
                        producer = await self._open_producer()
                        await _first_failure(_send(producer, partition, queue) for partition, queue in queues.items())
            except BaseException:
                # The producer's sequence numbers are in doubt now, and what it still holds must not be sent behind the
                # caller's next attempt.
                await self._drop_producer()
                raise

    async def _open_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                **self.connection | {"request_timeout_ms": int(PRODUCE_TIMEOUT * 1000)},
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                max_batch_size=BATCH_BYTES,
            )
            await self._producer.start()
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer:
            await discard_producer(producer)

    def reader(self, group: str, topics: Sequence[str], positions: Positions) -> Reader:
        reader = KafkaReader(self, group, topics, positions)
        self._readers.add(reader)
        return reader

    async def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Delivered]:
        at = KafkaPartition(topic, partition)
        if at not in await self._all_partitions([topic]):
            raise UnknownTopic(f"{topic}[{partition}]")
        async with self._reading_consumer() as consumer:
            end = (await consumer.end_offsets([at]))[at]
            if self._at != (at, offset):  # going on where the last call ended keeps what was fetched ahead
                beginning = (await consumer.beginning_offsets([at]))[at]
                if not beginning <= offset <= end:
                    raise OffsetOutOfRange((topic, partition), offset, beginning, end)
                if offset == end:
                    return []
                consumer.assign([at])
                consumer.seek(at, offset)
                self._at = at, offset
            records = (await consumer.getmany(at, timeout_ms=int(TIMEOUT * 500), max_records=limit)).get(at)
            if not records:
                raise BusUnavailable(f"Kafka sent nothing of {topic}[{partition}] from {offset}, though it ends at {end}")
            self._at = at, records[-1].offset + 1
            if records[-1].offset + 1 >= end:
                consumer.unsubscribe()  # or it would go on asking for what is not there yet
                self._at = None
            return [delivered(record) for record in records]

    async def beginning_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        partitions = await self._all_partitions(topics)
        async with self._reading_consumer() as consumer:
            return {(at.topic, at.partition): offset for at, offset in (await consumer.beginning_offsets(partitions)).items()}

    async def end_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        partitions = await self._all_partitions(topics)
        async with self._reading_consumer() as consumer:
            return {(at.topic, at.partition): offset for at, offset in (await consumer.end_offsets(partitions)).items()}

    async def _all_partitions(self, topics: Sequence[str]) -> list[KafkaPartition]:
        counts = await self.partition_counts(topics)
        return [KafkaPartition(topic, partition) for topic in topics for partition in range(counts[topic])]

    async def partition_counts(self, topics: Iterable[str]) -> dict[str, int]:
        """Asked once per topic, as partitions are never added. Asks for all topics: naming one could create it."""
        if unknown := set(topics) - self._partitions.keys():
            async with self._admin() as admin:
                found = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
            self._partitions |= {topic: count for topic, count in found.items() if count}
            if missing := unknown - self._partitions.keys():
                raise UnknownTopic(min(missing))
        return self._partitions

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        with as_bus_errors():
            async with asyncio.timeout(TIMEOUT):
                admin = AIOKafkaAdminClient(**self.connection)
                try:
                    await admin.start()
                    yield admin
                finally:
                    await admin.close()

    @asynccontextmanager
    async def _reading_consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        """The consumer outside any group, for one caller at a time; made anew after a failure."""
        async with self._reading:
            try:
                with as_bus_errors():
                    async with asyncio.timeout(TIMEOUT):
                        if self._consumer is None:
                            self._consumer = AIOKafkaConsumer(
                                **self.connection,
                                auto_offset_reset="none",
                                enable_auto_commit=False,
                                fetch_max_wait_ms=0,  # what is asked for is there; by default leaving a partition takes a second
                                fetch_max_bytes=READ_BYTES,
                            )
                            leave_silent_brokers_soon(self._consumer)
                            await self._consumer.start()
                        yield self._consumer
            except OffsetOutOfRange:
                raise
            except BaseException:
                await self._drop_consumer()
                raise

    async def _drop_consumer(self) -> None:
        consumer, self._consumer, self._at = self._consumer, None, None
        if consumer:
            await discard_consumer(consumer)


def _settings(replicas: int) -> dict[str, str]:
    """Of a new topic, said in full because a cluster's defaults differ.

    It is kept for ever, as the archive of every replay. What is acknowledged is on a majority of the brokers: with one of
    three gone writing goes on, with two gone it waits instead of resting on a single disk.
    """
    return {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "min.insync.replicas": str(replicas // 2 + 1),
    }


def _missing(partition: dict[str, Any], wanted: int) -> int:
    return max(0, max(wanted, len(partition["replicas"])) - len(partition["isr"]))


async def _send(producer: AIOKafkaProducer, at: KafkaPartition, messages: Sequence[Message]) -> None:
    """Send one partition's messages, each piece after the acknowledgement of the one before: none can overtake."""
    piece, held = producer.create_batch(), list[Message]()
    for message in messages:
        with refusing(at.topic, [message]):
            headers = [(name, value.encode()) for name, value in message.headers.items()]
            record = {"timestamp": None, "key": message.key.encode(), "value": message.value, "headers": headers}
            taken = piece.append(**record)
        if taken is None:
            await _send_piece(producer, at, piece, held)
            piece, held = producer.create_batch(), []
            piece.append(**record)  # the first one always fits
        held.append(message)
    await _send_piece(producer, at, piece, held)


async def _send_piece(producer: AIOKafkaProducer, at: KafkaPartition, piece: Any, messages: Sequence[Message]) -> None:
    with refusing(at.topic, messages):
        await (await producer.send_batch(piece, at.topic, partition=at.partition))


async def _first_failure(sending: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all; the first failure ends the others and is raised."""
    tasks = [asyncio.create_task(one) for one in sending]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
