"""A topic that is made while one of three brokers is down: it has fewer replicas, somebody says so, and the number can be raised."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
import structlog
from aiokafka.protocol.admin import AlterPartitionReassignmentsRequest
from prometheus_client import REGISTRY

from shared.log import replicas
from shared.log.bus import BusUnavailable, open_bus
from tests.kafka.brokerlog import administered
from tests.kafka.cluster import Cluster
from tests.shared.bus.reading import eventually, message

T = TypeVar("T")


@pytest.fixture
async def three(broker_folder: Path) -> AsyncIterator[Cluster]:
    async with Cluster.running(broker_folder / "replicas", 3) as cluster:
        yield cluster


async def test_too_few_replicas_are_told_of_until_they_are_raised(three: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.log.replicas.SAMPLE_SECONDS", 0.5)
    whole, thin = (f"clinch.test-{uuid4().hex[:12]}.events.v1" for _ in range(2))
    bus = open_bus(three.url)
    stop = asyncio.Event()
    with structlog.testing.capture_logs() as told:
        await bus.ensure_topics([whole])
        await answered(lambda: bus.replicas_missing([whole, "clinch.nothing.events.v1"]), {whole: 0}.__eq__)  # each broker knows it by then
        three.kill(3)
        await answered(lambda: bus.replicas_missing([whole]), {whole: 1}.__eq__)  # the cluster has noticed
        await answered(lambda: bus.ensure_topics([thin]))
        watching = asyncio.create_task(replicas.sample(bus, [whole, thin], stop, service="note-svc"))
        await eventually(lambda: missing(whole) == 1, 60)  # its third is gone
        await three.start()
        await eventually(lambda: (missing(whole), missing(thin)) == (0, 1), 60)
        await bus.publish([message(thin, "k", 0)])
        await raise_replicas(three, thin)
        await eventually(lambda: missing(thin) == 0, 60)
        stop.set()
        await watching
    [read] = [one for partition in range(8) for one in await bus.read(thin, partition, 0, 10)]
    assert read.value == b"0"
    await bus.stop()
    made = [line for line in told if line["event"] == "topics_made_with_few_replicas"]
    assert [(line["topics"], line["replicas"], line["wanted"]) for line in made] == [([thin], 2, 3)]
    news = [line["event"] for line in told if line["event"].startswith("replicas_")]
    assert news[0] == "replicas_missing"
    assert news[-1] == "replicas_complete"


def missing(topic: str) -> float | None:
    return REGISTRY.get_sample_value("clinch_topic_replicas_missing", {"service": "note-svc", "topic": topic})


async def answered(asking: Callable[[], Awaitable[T]], until: Callable[[T], bool] = lambda _: True) -> T:
    """Asked again as every caller of ours does: by chance the broker that is down is asked, or one that has not heard yet."""
    async with asyncio.timeout(60):
        while True:
            with suppress(BusUnavailable):
                if until(answer := await asking()):
                    return answer
            await asyncio.sleep(0.2)


async def raise_replicas(cluster: Cluster, topic: str) -> None:
    """What `kafka-reassign-partitions.sh --execute` asks the controller for; it is in none of the files that a broker needs."""
    partitions = [(number, [(number + k) % 3 + 1 for k in range(3)], {}) for number in range(8)]
    request = AlterPartitionReassignmentsRequest(timeout_ms=30_000, topics=[(topic, partitions, {})], tags={})
    async with administered(cluster.url) as admin:
        answer = await admin._send_to_controller(request)
    assert answer.error_code == 0, answer
