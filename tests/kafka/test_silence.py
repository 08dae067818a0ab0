"""The only broker frozen, or gone for a while: everybody waits, says so once, and goes on by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest
import structlog

from clinch.run.postgres import Postgres
from shared.log.bus import Bus, BusUnavailable, open_bus
from shared.log.consumer import Consumer
from tests.harness import running
from tests.kafka.cluster import Cluster
from tests.shared.bus.reading import Consumer as Reading
from tests.shared.bus.reading import eventually, message
from tests.shared.consumer.log import Effects, consuming_now
from tests.shared.notes_service import service

FREEZE_SECONDS = 12.0
DOWN_SECONDS = 25.0  # longer than a reader's patience with a silent broker
PATIENCE = 180.0  # ours


@pytest.fixture(scope="module")
async def mortal(broker_folder: Path) -> AsyncIterator[Cluster]:
    async with Cluster.running(broker_folder / "mortal", 1) as cluster:
        yield cluster


@pytest.fixture
async def bus(mortal: Cluster) -> AsyncIterator[Bus]:
    bus = open_bus(mortal.url)
    yield bus
    mortal.thaw(1)
    await asyncio.wait_for(bus.stop(), 30)


async def test_a_frozen_broker_shows_and_is_waited_for(
    mortal: Cluster, bus: Bus, topic: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shared.log.bus.kafka.PUBLISH_TIMEOUT", 5.0)
    consumer = Reading()
    reader = bus.reader("g", [topic], consumer.positions)
    await bus.publish([message(topic, "k", 0)])
    await consumer.read_all(reader, 1, timeout=30)
    await mortal.freeze(1)
    frozen = monotonic()
    publishing = asyncio.create_task(bus.publish([message(topic, "k", 1)]))
    while not (publishing.done() and reader.last_poll_age > FREEZE_SECONDS):  # readiness must see it
        assert monotonic() - frozen < PATIENCE
        with suppress(BusUnavailable):
            assert await reader.poll(10, 0.5) == []
    assert isinstance(publishing.exception(), BusUnavailable)
    mortal.thaw(1)
    thawed = monotonic()
    while True:
        try:
            await bus.publish([message(topic, "k", 1)])
            break
        except BusUnavailable:
            assert monotonic() - thawed < PATIENCE
    published = monotonic() - thawed
    await consumer.read(reader, lambda: int(consumer.seen[-1].value) == 1, timeout=PATIENCE)
    assert list(dict.fromkeys(int(one.value) for one in consumer.seen)) == [0, 1]
    assert reader.last_poll_age < FREEZE_SECONDS
    with capsys.disabled():
        print(f"\n  frozen for {FREEZE_SECONDS:.0f} s: published {published:.1f} s after, read {monotonic() - thawed:.1f} s after")


async def test_a_consumer_tells_of_a_broker_that_is_gone_once_and_of_its_return_once(
    mortal: Cluster, bus: Bus, topic: str, postgres: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(service, postgres) as notes:
        with structlog.testing.capture_logs() as told:
            consumer = Consumer("reader", notes.db, bus, [topic], Effects(), service="note-svc")
            async with consuming_now(consumer):
                await eventually(lambda: consumer._reader is not None and len(consumer._reader.held) == 8, PATIENCE)
                mortal.kill(1)
                await asyncio.sleep(DOWN_SECONDS)
                await eventually(lambda: bool(told), PATIENCE)
                await mortal.start()
                back = monotonic()
                await eventually(lambda: told[-1]["event"] == "task_goes_on", PATIENCE)
                recovered = monotonic() - back
                await asyncio.sleep(6)  # longer than between two looks at the lag
    assert [line["event"] for line in told] == ["task_held_up", "task_goes_on"]
    with capsys.disabled():
        print(f"\n  broker gone for {DOWN_SECONDS:.0f} s: the consumer goes on {recovered:.1f} s after it is back")
