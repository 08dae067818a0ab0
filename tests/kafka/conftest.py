"""What every test here needs: real brokers. Without Maven none can be had, and one line says so instead of the tests."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from clinch.errors import CommandError
from clinch.ops.kafka.jars import MavenUnreachable, jars
from clinch.ops.kafka.java import java
from clinch.run.postgres import Postgres
from shared.log.bus import Bus, open_bus
from tests.harness import Running, running
from tests.kafka.cluster import Cluster
from tests.shared.notes_service import service

LOOKS_AT_RETENTION_OFTEN = {"log.retention.check.interval.ms": "500", "log.initial.task.delay.ms": "500"}  # every 5 minutes otherwise


def pytest_sessionstart() -> None:
    """Where Maven is at hand, CI must not pass over these tests because of something else."""
    try:
        jars()
        java()
    except CommandError as error:
        must = os.environ.get("CI") == "true" and not isinstance(error, MavenUnreachable)
        pytest.exit(f"the tests on Apache Kafka were not run. {error}", returncode=int(must))


@pytest.fixture(scope="session")
def broker_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="clinch-kafka-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def single(broker_folder: Path) -> AsyncIterator[Cluster]:
    """One broker for all tests that leave it as it was."""
    async with Cluster.running(broker_folder / "single", 1, LOOKS_AT_RETENTION_OFTEN) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def broker(single: Cluster) -> str:
    """The URL of that broker."""
    return single.url


@pytest.fixture
async def own_broker(broker_folder: Path) -> AsyncIterator[Cluster]:
    """A broker of the test's own: without a topic, and it may be killed."""
    async with Cluster.running(Path(tempfile.mkdtemp(dir=broker_folder)), 1) as cluster:
        yield cluster


@pytest.fixture
async def bus(broker: str) -> AsyncIterator[Bus]:
    """On that broker; a module with brokers of its own has another one."""
    bus = open_bus(broker)
    yield bus
    await asyncio.wait_for(bus.stop(), 30)


@pytest.fixture
async def notes(postgres: Postgres) -> AsyncIterator[Running]:
    """The service of notes, with a table for what readers do."""
    async with running(service, postgres) as started:
        async with started.db.connection() as conn:
            await conn.execute("CREATE TABLE effect (n bigint GENERATED ALWAYS AS IDENTITY, subject uuid, version bigint)")
        yield started


@pytest.fixture
async def topic(bus: Bus) -> str:
    """A new topic on the `bus`."""
    name = f"clinch.test-{uuid4().hex[:12]}.events.v1"
    await bus.ensure_topics([name])
    return name
