"""What every log behind the relay keeps; run against each of them."""

import asyncio
from collections.abc import Sequence
from time import monotonic

import pytest

from shared.log.bus import Bus, Message, MessageRefused, OffsetOutOfRange, TopicPartition, UnknownTopic, open_bus
from shared.log.bus.partition import partition_of
from tests.shared.bus.logs import Log
from tests.shared.bus.reading import Consumer, message, values_by_key, whole_log

LONG = 60.0
"""Seconds: no machine is so slow that what waits no longer is late for it."""


def key_of(partition: int, partitions: int = 4) -> str:
    return next(key for key in map(str, range(1000)) if partition_of(key, partitions) == partition)


async def test_a_message_comes_back_as_it_was_sent(bus: Bus, topic: str) -> None:
    sent = Message(topic, "合同-7 ü", "значение".encode() + b"\x00\xff", {"ce_type": "clinch.deal.moved.v1", "名": "值"})
    await bus.publish([sent])
    partition = partition_of(sent.key, 4)
    [got] = await bus.read(topic, partition, 0, 10)
    assert (got.topic, got.partition, got.offset) == (topic, partition, 0)
    assert (got.key, got.value, got.headers) == (sent.key, sent.value, sent.headers)


async def test_order_is_kept_per_key_and_offsets_have_no_gaps_under_concurrent_publishers(bus: Bus, log: Log, topic: str) -> None:
    other = open_bus(log.url)
    await other.start()

    async def publish(through: Bus, key: str) -> None:
        for start in range(0, 100, 10):
            await through.publish([message(topic, key, number) for number in range(start, start + 10)])

    await asyncio.gather(*(publish(through, f"{name}{key}") for name, through in (("a", bus), ("b", other)) for key in range(4)))
    await other.stop()
    stored = await whole_log(bus, topic)
    for partition, delivered in stored.items():
        assert [one.offset for one in delivered] == list(range(len(delivered)))
        assert {partition_of(one.key, 4) for one in delivered} <= {partition}
    values = values_by_key([one for delivered in stored.values() for one in delivered])
    assert len(values) == 8
    assert all(numbers == list(range(100)) for numbers in values.values())


async def test_a_reader_gets_everything_in_order_one_partition_per_batch(bus: Bus, topic: str) -> None:
    await bus.publish([message(topic, f"k{number % 16}", number // 16) for number in range(1600)])
    consumer = Consumer()
    reader = bus.reader("g", [topic], consumer.positions)
    await consumer.read_all(reader, 1600, limit=100)
    assert sorted(consumer.asked) == [(topic, partition) for partition in range(4)]
    assert all(len(batch) <= 100 and len({one.partition for one in batch}) == 1 for batch in consumer.batches)
    assert all(numbers == list(range(100)) for numbers in values_by_key(consumer.seen).values())
    assert await reader.poll(10, 0.1) == []


async def test_a_waiting_reader_is_woken(bus: Bus, topic: str) -> None:
    consumer = Consumer()
    reader = bus.reader("g", [topic], consumer.positions)
    await consumer.read(reader, lambda: len(reader.held) == 4)
    waiting = asyncio.create_task(reader.poll(10, LONG))
    await asyncio.sleep(0.3)
    published = monotonic()
    await bus.publish([message(topic, "k", 1)])
    while not (batch := await waiting):
        waiting = asyncio.create_task(reader.poll(10, LONG))
    assert batch[0].value == b"1"
    assert monotonic() - published < LONG / 2
    assert reader.last_poll_age < LONG / 2


async def test_partitions_with_messages_take_turns(bus: Bus, topic: str) -> None:
    await bus.publish([message(topic, key_of(0), number) for number in range(1000)])
    await bus.publish([message(topic, key_of(1), number) for number in range(20)])
    consumer = Consumer()
    reader = bus.reader("g", [topic], consumer.positions)
    await consumer.read(reader, lambda: consumer.offsets[topic, 1] == 20 and consumer.offsets[topic, 0] > 0, limit=10)
    assert consumer.offsets[topic, 0] < 500, "a long partition kept the others waiting"
    # And one that gets messages while another has a backlog does not wait for its end.
    await bus.publish([message(topic, key_of(2), 0)])
    await asyncio.sleep(0.7)
    await consumer.read(reader, lambda: consumer.offsets[topic, 2] == 1, limit=10)
    assert consumer.offsets[topic, 0] < 1000


async def test_a_new_reader_goes_on_where_the_closed_one_stopped(bus: Bus, topic: str) -> None:
    consumer = Consumer()
    for part in range(3):
        await bus.publish([message(topic, f"k{number % 8}", part * 100 + number) for number in range(100)])
        reader = bus.reader("g", [topic], consumer.positions)
        await consumer.read(reader, lambda part=part: len(consumer.seen) >= (part + 1) * 100, limit=7)
        assert await reader.poll(7, 0.1) == []
        await reader.close()
    assert len(consumer.seen) == 300


async def test_the_stored_offset_decides_not_what_the_log_was_told(bus: Bus, topic: str) -> None:
    await bus.publish([message(topic, key_of(0), number) for number in range(10)])
    first = Consumer()
    reader = bus.reader("g", [topic], first.positions)
    await first.read_all(reader, 10)
    await reader.close()
    again = Consumer()  # its own offsets say 4: it was restored from a backup
    again.offsets[topic, 0] = 4
    reader = bus.reader("g", [topic], again.positions)
    await again.read_all(reader, 6)
    assert [int(one.value) for one in again.seen] == list(range(4, 10))


async def test_after_a_failed_batch_seek_brings_it_again(bus: Bus, topic: str) -> None:
    await bus.publish([message(topic, key_of(0), number) for number in range(10)])
    consumer = Consumer()
    reader = bus.reader("g", [topic], consumer.positions)
    failed: list[bytes] = []
    while not failed:
        failed = [one.value for one in await reader.poll(4, 0.5)]
    await reader.seek((topic, 0), 0)
    await consumer.read_all(reader, 10, limit=4)
    assert [one.value for one in consumer.batches[0]] == failed
    assert [int(one.value) for one in consumer.seen] == list(range(10))
    await reader.seek((topic, 99), 0)  # not held: nothing happens


async def test_two_readers_share_the_partitions_and_one_takes_over_what_the_other_leaves(bus: Bus, topic: str) -> None:
    consumer = Consumer()
    one, two = (bus.reader("g", [topic], consumer.positions) for _ in range(2))
    shared = lambda: len(one.held) == len(two.held) == 2 and not one.held & two.held  # noqa: E731
    await asyncio.gather(consumer.read(one, shared), consumer.read(two, shared))
    first: list[int] = []
    second: list[int] = []
    await bus.publish([message(topic, f"k{number % 32}", number // 32) for number in range(640)])
    done = lambda: sum(first) + sum(second) >= 640  # noqa: E731

    async def read(reader: object, counts: list[int]) -> None:
        while not done():
            batch = await reader.poll(50, 0.2)  # type: ignore[attr-defined]
            consumer.take(batch)
            counts.append(len(batch))

    await asyncio.wait_for(asyncio.gather(read(one, first), read(two, second)), LONG)
    assert sum(first) + sum(second) == 640, "a message went to both"
    assert sum(first)
    assert sum(second)
    await one.close()
    await bus.publish([message(topic, f"k{number}", 20) for number in range(32)])
    await consumer.read_all(two, 672)
    assert len(two.held) == 4
    assert all(numbers == list(range(21)) for numbers in values_by_key(consumer.seen).values())


async def test_another_group_gets_everything_too(bus: Bus, topic: str) -> None:
    await bus.publish([message(topic, f"k{number}", number) for number in range(50)])
    consumers = [Consumer(), Consumer()]
    readers = [bus.reader(group, [topic], consumer.positions) for group, consumer in zip("gh", consumers, strict=True)]
    await asyncio.gather(*(consumer.read_all(reader, 50) for consumer, reader in zip(consumers, readers, strict=True)))
    assert [len(consumer.seen) for consumer in consumers] == [50, 50]


async def test_a_member_that_dies_is_replaced_and_nothing_is_lost(bus: Bus, log: Log, topic: str) -> None:
    consumer = Consumer()
    dying, living = (bus.reader("g", [topic], consumer.positions) for _ in range(2))
    shared = lambda: len(dying.held) == len(living.held) == 2 and not dying.held & living.held  # noqa: E731
    await asyncio.gather(consumer.read(dying, shared), consumer.read(living, shared))
    await bus.publish([message(topic, f"k{number % 32}", number // 32) for number in range(320)])
    await log.kill(dying)
    await consumer.read_all(living, 320)
    assert len(living.held) == 4
    assert all(numbers == list(range(10)) for numbers in values_by_key(consumer.seen).values())


@pytest.mark.parametrize(("stored", "truncated"), [(2, 5), (11, 0)])
async def test_a_stored_offset_outside_the_log_stops_the_reader_loudly(bus: Bus, log: Log, topic: str, stored: int, truncated: int) -> None:
    await bus.publish([message(topic, key_of(0), number) for number in range(10)])
    if truncated:
        await log.truncate(topic, 0, truncated)
    consumer = Consumer()
    consumer.offsets[topic, 0] = stored
    reader = bus.reader("g", [topic], consumer.positions)
    for _ in range(2):  # and it stays loud
        with pytest.raises(OffsetOutOfRange) as stop:
            await consumer.read(reader, lambda: False)
        assert (stop.value.topic, stop.value.partition, stop.value.stored) == (topic, 0, stored)
        assert (stop.value.beginning, stop.value.end) == (truncated, 10)
        assert topic in str(stop.value)
    consumer.offsets[topic, 0] = 10  # put right by hand: an offset equal to the end is fine
    await bus.publish([message(topic, key_of(0), 10)])
    await consumer.read_all(reader, 1)
    assert [int(one.value) for one in consumer.seen] == [10]


async def test_a_log_truncated_under_a_reader_stops_it_loudly(bus: Bus, log: Log, topic: str) -> None:
    await bus.publish([message(topic, key_of(0), number) for number in range(10)])
    consumer = Consumer()
    consumer.offsets[topic, 0] = 10
    reader = bus.reader("g", [topic], consumer.positions)
    await consumer.read(reader, lambda: len(reader.held) == 4)
    consumer.offsets[topic, 0] = 3
    await log.truncate(topic, 0, 6)
    await reader.seek((topic, 0), 3)
    with pytest.raises(OffsetOutOfRange, match="3"):
        await consumer.read(reader, lambda: False)


async def test_a_position_that_cannot_be_told_is_asked_again(bus: Bus, topic: str) -> None:
    await bus.publish([message(topic, key_of(0), 1)])
    consumer = Consumer()
    failures = [ConnectionError("the consumer's database is away")] * 2

    async def positions(partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        if failures:
            raise failures.pop()
        return await consumer.positions(partitions)

    reader = bus.reader("g", [topic], positions)
    raised = 0
    while not consumer.seen:
        try:
            consumer.take(await reader.poll(10, 0.2))
        except ConnectionError:
            raised += 1
    assert raised == 2


async def test_plain_reading(bus: Bus, log: Log, topic: str) -> None:
    await bus.publish([message(topic, key_of(1), number) for number in range(10)])
    assert [one.offset for one in await bus.read(topic, 1, 0, 3)] == [0, 1, 2]
    assert [one.offset for one in await bus.read(topic, 1, 3, 3)] == [3, 4, 5]
    assert [one.offset for one in await bus.read(topic, 1, 9, 3)] == [9]
    assert await bus.read(topic, 1, 10, 3) == []
    await log.truncate(topic, 1, 4)
    for offset in (3, 11):
        with pytest.raises(OffsetOutOfRange):
            await bus.read(topic, 1, offset, 3)
    for unknown in (("clinch.nothing.v1", 0), (topic, 4)):
        with pytest.raises(UnknownTopic):
            await bus.read(*unknown, 0, 3)


async def test_beginning_and_end_offsets(bus: Bus, log: Log, topic: str) -> None:
    assert await bus.end_offsets([topic]) == {(topic, partition): 0 for partition in range(4)}
    await bus.publish([message(topic, key_of(2), number) for number in range(10)])
    assert (await bus.end_offsets([topic]))[topic, 2] == 10
    await log.truncate(topic, 2, 4)
    assert (await bus.beginning_offsets([topic])) == {(topic, 0): 0, (topic, 1): 0, (topic, 2): 4, (topic, 3): 0}
    with pytest.raises(UnknownTopic, match=r"clinch\.nothing\.v1"):
        await bus.end_offsets([topic, "clinch.nothing.v1"])


async def test_ensure_topics_leaves_an_existing_topic_alone(bus: Bus, topic: str) -> None:
    await bus.publish([message(topic, "k", 1)])
    await asyncio.gather(*(bus.ensure_topics([topic, topic], partitions=16) for _ in range(3)))
    ends = await bus.end_offsets([topic])
    assert len(ends) == 4
    assert sum(ends.values()) == 1


async def test_publishing_nothing_and_publishing_a_lot(bus: Bus, topic: str) -> None:
    await bus.publish([])
    assert sum((await bus.end_offsets([topic])).values()) == 0
    await bus.publish([Message(topic, f"k{number % 100}", str(number // 100).encode() + b" " * 500, {}) for number in range(5000)])
    assert sum((await bus.end_offsets([topic])).values()) == 5000
    stored = await whole_log(bus, topic)
    values = values_by_key([one for delivered in stored.values() for one in delivered])
    assert all(numbers == list(range(50)) for numbers in values.values())


async def test_publishing_to_an_unknown_topic_is_refused(bus: Bus, topic: str) -> None:
    with pytest.raises(UnknownTopic, match=r"clinch\.nothing\.v1"):
        await bus.publish([message(topic, "k", 1), message("clinch.nothing.v1", "k", 1)])
    assert sum((await bus.end_offsets([topic])).values()) == 0


@pytest.mark.parametrize("bad", [("k\ud800", {}), ("k", {"name": "\ud800"})], ids=["key", "header"])
async def test_a_message_that_cannot_be_written_is_refused_as_such_and_the_others_are_taken(
    bus: Bus, topic: str, bad: tuple[str, dict[str, str]]
) -> None:
    good = [message(topic, f"k{number}", number) for number in range(10)]
    with pytest.raises(MessageRefused) as refused:
        await bus.publish([*good, Message(topic, bad[0], b"0", bad[1])])
    assert any((one.key, one.headers) == bad for one in refused.value.messages)
    await bus.publish(good)
    stored = await whole_log(bus, topic)
    assert {one.key for delivered in stored.values() for one in delivered} == {f"k{number}" for number in range(10)}


async def test_a_missing_topic_is_not_created_by_reading_and_is_served_once_it_exists(bus: Bus, log: Log, topic: str) -> None:
    later = f"{topic}.later"
    consumer = Consumer()
    reader = bus.reader("g", [topic, later], consumer.positions)
    for _ in range(2):
        with pytest.raises(UnknownTopic, match="later"):
            await reader.poll(10, 0.3)
    await log.create(later, 2)
    await bus.publish([message(later, "k", 1)])
    await consumer.read_all(reader, 1)
    assert len(reader.held) == 6
