import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.log.bus import Bus, open_bus
from tests.kafka_mock import KafkaMock, let_followers_sync_first
from tests.shared.bus.logs import KafkaLog, Log, PostgresLog, PostgresServer


@pytest.fixture(scope="session")
def log_server() -> Iterator[PostgresServer]:
    """Not in `tmp_path`: another pytest of the same user closes that to all others, and the server is killed and started here."""
    folder = Path(tempfile.mkdtemp(prefix="clinch-bus-"))
    server = PostgresServer(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def kafka_mock() -> Iterator[KafkaMock]:
    mock = KafkaMock()
    yield mock
    mock.stop()


@pytest.fixture(params=["pglog", "kafka"])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Log:
    if request.param == "pglog":
        return PostgresLog(request.getfixturevalue("log_server").url)
    monkeypatch.setattr("shared.log.bus.kafkareader.SESSION_TIMEOUT", 2.0)
    let_followers_sync_first(monkeypatch)
    return KafkaLog(request.getfixturevalue("kafka_mock"))


@pytest.fixture
async def bus(log: Log) -> AsyncIterator[Bus]:
    bus = open_bus(log.url)
    await bus.start()
    yield bus
    await asyncio.wait_for(bus.stop(), 60)


@pytest.fixture
async def topic(log: Log) -> str:
    """A new topic of 4 partitions."""
    name = f"clinch.test-{uuid4().hex[:12]}.events.v1"
    await log.create(name, 4)
    return name
