"""The bus on Kafka when brokers fail, answer late, or disown the producer."""

import asyncio
from time import monotonic
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import ConnectionGroup

from shared.log.bus import Bus, BusError, BusUnavailable, Message, MessageRefused, TopicRefused, kafka, open_bus
from shared.log.bus.kafkadriver import READ_TIMEOUT, REQUEST_TIMEOUT
from shared.log.bus.kafkareader import KafkaReader
from tests import kafka_mock as mocked
from tests.kafka_mock import KafkaMock, let_followers_sync_first
from tests.shared.bus.logs import KafkaLog
from tests.shared.bus.reading import Consumer, message, values_by_key, whole_log


@pytest.fixture
def log(kafka_mock: KafkaMock, monkeypatch: pytest.MonkeyPatch) -> KafkaLog:
    monkeypatch.setattr("shared.log.bus.kafkareader.SESSION_TIMEOUT", 2.0)
    let_followers_sync_first(monkeypatch)
    return KafkaLog(kafka_mock)


async def publish_until_done(bus: Bus, batch: list[Message]) -> int:
    attempts = 1
    while True:
        try:
            await bus.publish(batch)
            return attempts
        except BusUnavailable:
            attempts += 1
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("error", [mocked.OUT_OF_ORDER_SEQUENCE, mocked.INVALID_PRODUCER_EPOCH])
async def test_a_disowned_producer_is_replaced_and_a_retry_delivers(bus: Bus, kafka_mock: KafkaMock, topic: str, error: int) -> None:
    await bus.publish([message(topic, "k", 0)])
    kafka_mock.fail_next(mocked.PRODUCE, [error])
    with pytest.raises(BusUnavailable):
        await bus.publish([message(topic, "k", 1)])
    await bus.publish([message(topic, "k", 1)])
    stored = await whole_log(bus, topic)
    assert values_by_key([one for delivered in stored.values() for one in delivered]) == {"k": [0, 1]}


async def test_a_passing_error_is_retried_without_the_caller_noticing(bus: Bus, kafka_mock: KafkaMock, topic: str) -> None:
    kafka_mock.fail_next(mocked.PRODUCE, [mocked.NOT_LEADER, mocked.REQUEST_TIMED_OUT])
    await bus.publish([message(topic, f"k{number}", number) for number in range(20)])
    assert sum((await bus.end_offsets([topic])).values()) == 20


async def test_a_message_that_no_broker_takes_is_refused_by_name_and_those_of_its_key_behind_it_are_not_sent(
    bus: Bus, kafka_mock: KafkaMock, topic: str
) -> None:
    """A message larger than a request comes alone, so it is known which one is refused."""
    small, large = message(topic, "k", 0), Message(topic, "k", b"0" * (kafka.BATCH_BYTES + 1), {})
    await bus.publish([small])
    kafka_mock.fail_next(mocked.PRODUCE, [mocked.MESSAGE_TOO_LARGE])
    with pytest.raises(MessageRefused) as refused:
        await bus.publish([large, small])
    assert list(refused.value.messages) == [large]
    assert sum((await bus.end_offsets([topic])).values()) == 1
    await bus.publish([small])
    assert sum((await bus.end_offsets([topic])).values()) == 2


@pytest.mark.parametrize("code", [mocked.TOPIC_AUTHORIZATION_FAILED, mocked.INVALID_TOPIC, mocked.POLICY_VIOLATION])
async def test_a_topic_that_is_closed_is_refused_by_name(bus: Bus, kafka_mock: KafkaMock, topic: str, code: int) -> None:
    kafka_mock.fail_next(mocked.PRODUCE, [code])
    with pytest.raises(TopicRefused) as refused:
        await bus.publish([message(topic, "k", 1), message(topic, "k", 2)])
    assert refused.value.topic == topic
    await bus.publish([message(topic, "k", 1)])
    assert sum((await bus.end_offsets([topic])).values()) == 1


@pytest.mark.parametrize("code", [mocked.CLUSTER_AUTHORIZATION_FAILED, mocked.STORAGE_ERROR, mocked.NOT_ENOUGH_REPLICAS])
async def test_what_is_wrong_with_the_cluster_is_no_refusal_of_a_message(
    bus: Bus, kafka_mock: KafkaMock, topic: str, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr("shared.log.bus.kafka.PUBLISH_TIMEOUT", 1.0)
    await bus.publish([message(topic, "k", 0)])
    kafka_mock.fail_next(mocked.PRODUCE, [code] * 100)
    with pytest.raises(BusError) as failed:
        await bus.publish([message(topic, "k", 1)])
    assert not isinstance(failed.value, MessageRefused | TopicRefused)


async def test_a_silent_leader_is_left_soon_and_the_answer_to_a_join_is_waited_for(bus: Bus, topic: str) -> None:
    """By what is inside aiokafka's connections: another release of it must not undo in silence what `leave_silent_brokers_soon` sets."""
    await bus.publish([message(topic, "k", 0)])
    consumer, reader = Consumer(), bus.reader("g", [topic], Consumer().positions)
    await consumer.read_all(reader, 1)
    assert isinstance(reader, KafkaReader)
    assert reader._consumer
    connections = reader._consumer._client._conns.items()
    assert {group: connection._request_timeout for (_, group), connection in connections} == {
        ConnectionGroup.DEFAULT: READ_TIMEOUT,
        ConnectionGroup.COORDINATION: REQUEST_TIMEOUT,
    }


async def test_an_answer_that_does_not_come_raises_in_time(
    bus: Bus, kafka_mock: KafkaMock, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bus.publish([message(topic, "k", 0)])
    monkeypatch.setattr("shared.log.bus.kafka.PUBLISH_TIMEOUT", 1.0)
    kafka_mock.delay(4000)
    with pytest.raises(BusUnavailable):  # long before the answer: that would be none to raise for
        await bus.publish([message(topic, "k", 1)])
    kafka_mock.delay(0)
    await publish_until_done(bus, [message(topic, "k", 1)])
    stored = await whole_log(bus, topic)
    numbers = [int(one.value) for delivered in stored.values() for one in delivered]
    assert set(numbers) == {0, 1}
    assert numbers == sorted(numbers)


async def test_everything_goes_on_after_the_brokers_were_down(
    bus: Bus, kafka_mock: KafkaMock, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.log.bus.kafka.PUBLISH_TIMEOUT", 1.0)
    monkeypatch.setattr("shared.log.bus.kafkareader.SILENCE", 3.0)
    consumer = Consumer()
    reader = bus.reader("g", [topic], consumer.positions)
    await bus.publish([message(topic, f"k{number % 8}", number // 8) for number in range(80)])
    await consumer.read_all(reader, 80)
    kafka_mock.down()
    batch = [message(topic, f"k{number % 8}", 10 + number // 8) for number in range(80)]
    publishing = asyncio.create_task(publish_until_done(bus, batch))
    unavailable = 0
    deadline = monotonic() + 60
    while not (unavailable and reader.last_poll_age > 4):  # a silent broker must show
        assert monotonic() < deadline
        try:
            assert await reader.poll(100, 0.5) == []
        except BusUnavailable:
            unavailable += 1
    assert not publishing.done()
    kafka_mock.up()
    assert await asyncio.wait_for(publishing, 60) > 1
    await consumer.read_all(reader, 160, timeout=60)
    assert reader.last_poll_age < 4
    values = values_by_key(consumer.seen)
    assert {key: list(dict.fromkeys(numbers)) for key, numbers in values.items()} == {f"k{key}": list(range(20)) for key in range(8)}


async def test_many_partitions_are_taken_up_with_few_requests(bus: Bus, kafka_mock: KafkaMock, monkeypatch: pytest.MonkeyPatch) -> None:
    """One question per partition made a worker with 48 of them start half a minute late on a busy broker."""
    kafka_mock.create_topic("clinch.wide.events.v1", 48)
    asked: list[int] = []
    end_offsets = AIOKafkaConsumer.end_offsets

    async def counted(self: AIOKafkaConsumer, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        asked.append(len(partitions))
        ends: dict[TopicPartition, int] = await end_offsets(self, partitions)
        return ends

    monkeypatch.setattr(AIOKafkaConsumer, "end_offsets", counted)
    await bus.publish([message("clinch.wide.events.v1", "k", 1)])
    consumer = Consumer()
    reader = bus.reader("wide", ["clinch.wide.events.v1"], consumer.positions)
    await consumer.read_all(reader, 1)
    assert asked == [48]
    await reader.close()


async def test_a_short_interruption_is_ridden_out(bus: Bus, kafka_mock: KafkaMock, topic: str) -> None:
    consumer = Consumer()
    reader = bus.reader("g", [topic], consumer.positions)
    await consumer.read(reader, lambda: len(reader.held) == 4)
    kafka_mock.down()
    await asyncio.sleep(0.5)
    kafka_mock.up()
    await publish_until_done(bus, [message(topic, f"k{number}", number) for number in range(50)])
    await consumer.read_all(reader, 50, timeout=60)


@pytest.mark.parametrize(
    ("request_kind", "error"),
    [(mocked.JOIN_GROUP, mocked.REQUEST_TIMED_OUT), (mocked.FETCH, mocked.NOT_LEADER), (mocked.LIST_OFFSETS, mocked.REQUEST_TIMED_OUT)],
)
async def test_errors_of_the_group_and_of_fetching_heal(bus: Bus, kafka_mock: KafkaMock, topic: str, request_kind: int, error: int) -> None:
    await bus.publish([message(topic, f"k{number}", number) for number in range(50)])
    kafka_mock.fail_next(request_kind, [error] * 3)
    consumer = Consumer()
    await consumer.read_all(bus.reader("g", [topic], consumer.positions), 50, timeout=60)


async def test_a_commit_for_the_dashboards_reaches_kafka_and_its_failure_harms_nobody(bus: Bus, kafka_mock: KafkaMock, topic: str) -> None:
    await bus.publish([message(topic, "k", number) for number in range(10)])
    consumer = Consumer()
    reader = bus.reader("g", [topic], consumer.positions)
    assert isinstance(reader, KafkaReader)
    await consumer.read_all(reader, 10)
    place = TopicPartition(topic, consumer.seen[0].partition)
    assert reader._consumer is not None
    assert await reader._consumer.committed(place) == 10
    kafka_mock.fail_next(mocked.OFFSET_COMMIT, [mocked.INVALID_PRODUCER_EPOCH])
    await reader.committed((topic, place.partition), 10)
    await reader.committed((topic, 99), 10)


@pytest.mark.parametrize("code", [0, 36])  # 36: another service was first
async def test_missing_topics_are_asked_for(
    bus: Bus, kafka_mock: KafkaMock, topic: str, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """The mock knows no CreateTopics, so its answer is played here: only a real broker shows that the request is right."""
    asked: list[NewTopic] = []

    async def create_topics(_: AIOKafkaAdminClient, new: list[NewTopic]) -> SimpleNamespace:
        asked.extend(new)
        for one in new:
            kafka_mock.create_topic(one.name, one.num_partitions)
        return SimpleNamespace(topic_errors=[(one.name, code, None) for one in new])

    monkeypatch.setattr(AIOKafkaAdminClient, "create_topics", create_topics)
    await bus.ensure_topics([topic, f"{topic}.new"])
    assert [(one.name, one.num_partitions, one.replication_factor) for one in asked] == [(f"{topic}.new", 8, 1)]
    assert asked[0].topic_configs["retention.ms"] == "-1"
    assert len(await bus.end_offsets([f"{topic}.new"])) == 8


async def test_starting_and_stopping_need_no_broker() -> None:
    bus = open_bus("kafka://127.0.0.1:1")
    await bus.start()
    reader = bus.reader("g", ["t"], Consumer().positions)
    with pytest.raises(BusUnavailable):
        await bus.publish([message("t", "k", 1)])
    with pytest.raises(BusUnavailable):
        await reader.poll(10, 0.2)
    started = monotonic()
    await bus.stop()
    assert monotonic() - started < 30


async def test_stopping_is_bounded_while_the_brokers_are_down(log: KafkaLog, kafka_mock: KafkaMock, topic: str) -> None:
    bus = open_bus(log.url)
    await bus.start()
    consumer = Consumer()
    reader = bus.reader("g", [topic], consumer.positions)
    await bus.publish([message(topic, "k", 1)])
    await consumer.read_all(reader, 1)
    kafka_mock.down()
    publishing = asyncio.create_task(bus.publish([message(topic, "k", 2)]))
    await asyncio.sleep(0.5)
    publishing.cancel()
    await asyncio.wait([publishing])
    started = monotonic()
    await bus.stop()
    assert monotonic() - started < 30
    left = [task for task in asyncio.all_tasks() if "aiokafka" in repr(task.get_coro())]
    assert not left, "nothing may go on sending after stop"
