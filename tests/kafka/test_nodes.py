"""Three brokers, one of them killed or frozen under load: nothing is lost, order holds, and it goes on by itself."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest

from shared.log.bus import Bus, BusUnavailable, open_bus
from tests.kafka.brokerlog import administered
from tests.kafka.cluster import Cluster
from tests.kafka.load import Load
from tests.shared.bus.reading import Consumer, eventually, message

FREEZE_SECONDS = 12.0  # longer than the 9 s after which a cluster gives a silent broker up
PATIENCE = 180.0


@pytest.fixture(scope="module")
async def three(broker_folder: Path) -> AsyncIterator[Cluster]:
    async with Cluster.running(broker_folder / "three", 3) as cluster:
        yield cluster


@pytest.fixture
async def bus(three: Cluster) -> AsyncIterator[Bus]:
    bus = open_bus(three.url)
    yield bus
    await asyncio.wait_for(bus.stop(), 30)


async def leaders(cluster: Cluster, topic: str) -> Counter[int]:
    """How many partitions each broker leads; only those that all three replicas of are in sync."""
    async with administered(cluster.url) as admin:
        [described] = await admin.describe_topics([topic])
    return Counter(partition["leader"] for partition in described["partitions"] if len(partition["isr"]) == 3)


async def in_sync(cluster: Cluster, topic: str, timeout: float = PATIENCE) -> None:
    deadline = monotonic() + timeout
    while (await leaders(cluster, topic)).total() < 8:
        assert monotonic() < deadline, "the replicas did not come back in sync"
        await asyncio.sleep(0.5)


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_a_broker_that_leads_goes_under_load_and_comes_back(
    three: Cluster, bus: Bus, topic: str, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await in_sync(three, topic)
    load = Load(bus, topic)
    async with load.running():
        [(number, led)] = (await leaders(three, topic)).most_common(1)
        gone = monotonic()
        if fault == "killed":
            three.kill(number)
        else:
            await three.freeze(number)
            await asyncio.sleep(FREEZE_SECONDS)
        await eventually(lambda: load.publishing_again(gone), PATIENCE)
        published = monotonic() - gone
        await eventually(lambda: all(times[-1] > gone + published for times in load.read_at.values()), PATIENCE)
        read = monotonic() - gone
        await asyncio.sleep(2)
        if fault == "killed":
            await three.start()
        else:
            three.thaw(number)
        await in_sync(three, topic)
        await asyncio.sleep(2)
    doubled = await load.check()
    gaps = load.longest_gap()
    with capsys.disabled():
        print(
            f"\n  leader of {led} of 8 partitions {fault}: {load.acknowledged * 64} messages, 0 lost, {doubled} twice in the log, "
            f"{load.repeated} batches repeated; all partitions written again after {published:.1f} s, read after {read:.1f} s; "
            f"longest gap in writing {gaps[0]:.1f} s, in reading {gaps[1]:.1f} s"
        )


async def test_what_one_broker_alone_holds_is_not_acknowledged(three: Cluster, bus: Bus, topic: str) -> None:
    await in_sync(three, topic)
    await bus.publish([message(topic, "k", 0)])
    consumer = Consumer()
    reader = bus.reader("alone", [topic], consumer.positions)
    await consumer.read_all(reader, 1, timeout=PATIENCE)
    three.kill(2)
    three.kill(3)
    with pytest.raises((BusUnavailable, TimeoutError)):
        async with asyncio.timeout(10):
            await bus.publish([message(topic, "k", 1)])
    await three.start()
    deadline = monotonic() + PATIENCE
    while True:
        try:
            await bus.publish([message(topic, "k", 1)])
            break
        except BusUnavailable:
            assert monotonic() < deadline
    await eventually_read(consumer, reader, [0, 1])


async def eventually_read(consumer: Consumer, reader: object, values: list[int]) -> None:
    await consumer.read(reader, lambda: list(dict.fromkeys(int(one.value) for one in consumer.seen)) == values, timeout=PATIENCE)  # type: ignore[arg-type]
