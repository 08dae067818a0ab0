"""The log on a real broker: how topics are made, what a failed batch leaves, and that what is gone is never passed over."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.events.envelope import headers
from shared.ids import new_id
from shared.log.bus import Bus, BusError, BusUnavailable, Message
from shared.log.bus.partition import partition_of
from shared.log.consumer import STOPPED, Consumer
from tests.harness import Running
from tests.kafka.brokerlog import BrokerLog, administered
from tests.shared.bus.reading import message, values_by_key, whole_log
from tests.shared.consumer.log import Effects, consuming_now, effects
from tests.shared.notes_service import NoteWritten
from tests.shared.until import until

PATIENCE = 180.0  # seconds
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def log(broker: str) -> BrokerLog:
    return BrokerLog(broker)


def written(topic: str, subject: UUID, *versions: int) -> list[Message]:
    event = NoteWritten(text="a", recorded_at=AT)
    return [
        Message(
            topic,
            str(subject),
            event.model_dump_json().encode(),
            headers(id=new_id(), type=event.type, subject=subject, version=version, time=AT, traceparent=None),
        )
        for version in versions
    ]


async def test_a_new_topic_has_the_partitions_and_is_kept_for_ever(bus: Bus, broker: str, topic: str) -> None:
    await bus.ensure_topics([topic, f"{topic}.narrow"], partitions=3)
    async with administered(broker) as admin:
        made = {one["topic"]: one["partitions"] for one in await admin.describe_topics([topic, f"{topic}.narrow"])}
        [response] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    assert {name: len(partitions) for name, partitions in made.items()} == {topic: 8, f"{topic}.narrow": 3}
    assert {len(partition["replicas"]) for partition in made[topic]} == {1}
    settings = {name: value for name, value, *_ in response.resources[0][4]}
    assert (settings["retention.ms"], settings["retention.bytes"], settings["cleanup.policy"]) == ("-1", "-1", "delete")


async def test_a_batch_that_fails_half_way_leaves_nothing_of_an_aggregate_behind_the_gap(
    bus: Bus, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 2 of an aggregate that nobody has seen must not be in the log without version 1: no reader could tell."""
    monkeypatch.setattr("shared.log.bus.kafka.BATCH_BYTES", 2_000)
    small = [message(topic, "k", number) for number in range(20)]
    too_large = Message(topic, "k", b"20" + b" " * 2_000_000, {})
    later = [message(topic, "k", number) for number in range(21, 40)]
    with pytest.raises(BusError) as refused:
        await bus.publish([*small, too_large, *later])
    assert not isinstance(refused.value, BusUnavailable)
    assert await in_log(bus, topic) == list(range(20))
    await bus.publish([message(topic, "k", 20), *later])
    assert await in_log(bus, topic) == list(range(40))


async def in_log(bus: Bus, topic: str) -> list[int]:
    log = await whole_log(bus, topic)
    return values_by_key([one for partition in log.values() for one in partition])["k"]


@pytest.mark.parametrize("how", ["truncated", "retention"])
async def test_a_consumer_whose_next_event_is_gone_stops_and_skips_nothing(
    notes: Running, bus: Bus, log: BrokerLog, topic: str, how: str
) -> None:
    subject = new_id()
    place = (topic, partition_of(str(subject), 8))
    consumer = Consumer("reader", notes.db, bus, [topic], Effects(), service="note-svc")

    async def stored() -> int | None:
        async with notes.db.read() as reader:
            query = "SELECT next FROM consumer_offset WHERE consumer = 'reader' AND topic = $1 AND partition = $2"
            return await reader.value(query, *place)

    async def the_first_is_done() -> bool:
        return await stored() == 1

    await bus.publish(written(topic, subject, 1))
    async with consuming_now(consumer):
        await until(the_first_is_done, PATIENCE)
    await bus.publish(written(topic, subject, 2, 3))
    if how == "truncated":
        await log.truncate(*place, 2)
    else:
        await forget_soon(bus, log, topic)
    for _ in range(2):  # starting it again is no way around
        await asyncio.wait_for(consumer.run(asyncio.Event()), PATIENCE)
        assert consumer.stopped is not None
        assert (consumer.stopped.topic, consumer.stopped.partition, consumer.stopped.stored) == (*place, 1)
        assert consumer.stopped.beginning == (await bus.beginning_offsets([topic]))[place] > 1
        assert STOPPED.labels("note-svc", "reader")._value.get() == 1
    assert await effects(notes, subject) == [1]
    assert await stored() == 1


async def forget_soon(bus: Bus, log: BrokerLog, topic: str) -> None:
    """What somebody does who takes the log for a queue."""
    async with administered(log.url) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "1"})])

    async def forgotten() -> bool:
        return max((await bus.beginning_offsets([topic])).values()) > 1

    await until(forgotten, PATIENCE)
