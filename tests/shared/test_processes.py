"""A service's processes as an orchestrator sees them: started, probed, scraped, told to end."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from clinch.run.postgres import Postgres
from shared.log.bus import open_bus
from tests.harness import create_tables, fresh_database
from tests.ports import free_port
from tests.shared.notes_service import metadata

ROOT = Path(__file__).parents[2]
# It has no migrations: any folder without Python files in it will do. Without policies it has nothing to tell when it starts.
RUN = """
from dataclasses import replace
from pathlib import Path
from shared.process.cli import main
from tests.shared.notes_service import service
main(replace(service, migrations=Path("docs"), policies=[]))
"""


@dataclass
class Process:
    """`python -m note_svc <command>`, if there were such a package."""

    command: str
    url: str
    port: int
    admin_port: int
    child: asyncio.subprocess.Process

    @classmethod
    async def start(cls, command: str, url: str, **changed: str) -> "Process":
        port, admin_port = free_port(), free_port()
        settings = {
            "CLINCH_DATABASE_URL": url,
            "CLINCH_BUS_URL": url,
            "CLINCH_ISSUER": "http://issuer.test",
            "CLINCH_PORT": str(port),
            "CLINCH_ADMIN_PORT": str(admin_port),
            "CLINCH_DRAIN_DELAY_SECONDS": "0",
        }
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", RUN, command, cwd=ROOT, env=os.environ | settings | changed, stdout=pipe, stderr=pipe
        )
        return cls(command, url, port, admin_port, child)

    async def ask(self, path: str) -> httpx.Response:
        """GET from the admin port, which is not there at once."""
        async with httpx.AsyncClient(timeout=60) as http, asyncio.timeout(120):
            while self.child.returncode is None:
                try:
                    return await http.get(f"http://127.0.0.1:{self.admin_port}{path}")
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
        raise AssertionError((await self.said())[1])

    async def said(self) -> tuple[int | None, str]:
        """How it ended, and what it wrote to standard error."""
        async with asyncio.timeout(120):
            _, err = await self.child.communicate()
        return self.child.returncode, err.decode()

    async def end(self) -> None:
        if self.child.returncode is None:
            self.child.kill()
            await self.child.communicate()


@pytest.fixture
async def url(postgres: Postgres) -> str:
    made = await fresh_database(postgres)
    await create_tables(made, metadata)
    return made


@pytest.fixture
async def api(url: str) -> AsyncIterator[Process]:
    process = await Process.start("api", url)
    yield process
    await process.end()


@pytest.fixture
async def worker(url: str) -> AsyncIterator[Process]:
    process = await Process.start("worker", url)
    yield process
    await process.end()


async def migrate(url: str) -> None:
    """To some revision: the service has no migrations, so any is newer than its own."""
    conn = await asyncpg.connect(url)
    await conn.execute("CREATE TABLE alembic_version AS SELECT 'a revision' AS version_num")
    await conn.close()


async def test_a_worker_is_ready_when_its_schema_is_and_ends_when_told(worker: Process, url: str) -> None:
    assert (await worker.ask("/livez")).status_code == 200
    assert (await worker.ask("/readyz")).status_code == 503
    await migrate(url)
    assert (await worker.ask("/readyz")).json() == {"status": "ready"}
    worker.child.send_signal(signal.SIGTERM)
    assert (await worker.said())[0] == 0


async def test_a_workers_figures_can_be_scraped(worker: Process, url: str) -> None:
    async with asyncio.timeout(120):
        while 'clinch_relay_published_total{service="note-svc"} 0.0' not in (figures := await worker.ask("/metrics")).text:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert figures.headers["content-type"].startswith("text/plain")
    for figure in (
        'clinch_build_info{service="note-svc",version="0.1.0"} 1.0',
        'clinch_ready{service="note-svc"} 0.0',
        'clinch_outbox_pending{service="note-svc"} 0.0',
        'clinch_database_connections_max{service="note-svc"} 10.0',
        "clinch_event_loop_lag_seconds_count",
        "process_resident_memory_bytes",
    ):
        assert figure in figures.text
    assert "_created" not in figures.text
    await migrate(url)
    assert 'clinch_ready{service="note-svc"} 1.0' in (await worker.ask("/metrics")).text


async def test_an_admin_port_that_is_taken_is_waited_for(url: str) -> None:
    """As in a restart, where the successor begins before its predecessor has ended."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = await Process.start("worker", url, CLINCH_ADMIN_PORT=str(other.getsockname()[1]))
        process.admin_port = other.getsockname()[1]
        await asyncio.sleep(1)
    try:
        assert (await process.ask("/livez")).status_code == 200
    finally:
        await process.end()


async def test_the_callers_port_has_no_figures(api: Process) -> None:
    assert "http_server_request_duration_seconds" in (await api.ask("/metrics")).text
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"http://127.0.0.1:{api.port}/metrics")).status_code == 404


async def test_a_request_in_progress_ends_well_while_the_probe_says_draining(api: Process, url: str) -> None:
    await migrate(url)
    assert (await api.ask("/readyz")).status_code == 200
    async with asyncio.timeout(120):
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
        writer.write(b"POST /v1/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n")
        writer.write(b'{"text"')
        await writer.drain()
        await asyncio.sleep(1)
        api.child.send_signal(signal.SIGTERM)
        while (draining := await api.ask("/readyz")).status_code != 503:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert draining.json() == {"status": "draining"}
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", api.port)
        writer.write(b': "abc"}')
        assert (await reader.readline()).startswith(b"HTTP/1.1 401")  # there is no token, and there is an answer
        writer.close()
    assert (await api.said())[0] == 0


@pytest.mark.parametrize("command", ["api", "worker"])
async def test_a_second_signal_ends_it_as_it_is(command: str, url: str) -> None:
    process = await Process.start(command, url, CLINCH_DRAIN_DELAY_SECONDS="60")
    assert (await process.ask("/livez")).status_code == 200
    conn = await asyncpg.connect(url)
    async with conn.transaction():  # the worker cannot end its batch; locked in the order in which it takes them
        await conn.execute("LOCK TABLE lease, outbox IN ACCESS EXCLUSIVE MODE")
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while command == "worker" and not await conn.fetchval(waiting):  # noqa: ASYNC110 (nothing tells us)
            await asyncio.sleep(0.05)
        process.child.send_signal(signal.SIGTERM)
        assert (await process.ask("/readyz")).status_code == 503
        process.child.send_signal(signal.SIGTERM)
        assert (await process.said())[0] == -signal.SIGTERM
    await conn.close()


@pytest.mark.parametrize("command", ["api", "worker", "migrate"])
async def test_a_database_that_is_not_there_is_one_sentence(command: str) -> None:
    process = await Process.start(command, f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    code, said = await process.said()
    assert code == 1
    assert said.startswith("note-svc cannot reach its database: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", ["api", "worker", "migrate"])
async def test_a_database_that_refuses_is_one_sentence_about_the_setting(command: str, url: str) -> None:
    process = await Process.start(command, url.replace("/test_", "/gone_"))
    code, said = await process.said()
    assert code == 2
    assert "CLINCH_DATABASE_URL" in said
    assert "does not exist" in said
    assert said.count("\n") == 1


async def test_topics_are_made_before_the_first_worker_with_as_many_partitions_as_asked(url: str) -> None:
    for asked in ("3", "5"):  # one that exists keeps its own
        process = await Process.start("topics", url, CLINCH_TOPIC_PARTITIONS=asked)
        assert await process.said() == (0, "")
    bus = open_bus(url)
    await bus.start()
    try:
        assert len(await bus.end_offsets(["clinch.note.events.v1"])) == 3
    finally:
        await bus.stop()


async def test_a_bus_that_is_not_there_is_one_sentence_about_the_setting(url: str) -> None:
    process = await Process.start("topics", url, CLINCH_BUS_URL=f"kafka://127.0.0.1:{free_port()}")
    code, said = await process.said()
    assert code == 1
    assert said.startswith("note-svc cannot create its topics, see CLINCH_BUS_URL: Kafka does not answer")
    assert said.count("\n") == 1


async def test_a_bad_setting_is_one_sentence(url: str) -> None:
    process = await Process.start("api", url, CLINCH_TIME_ZONE="Moon/Crater")
    code, said = await process.said()
    assert code == 2
    assert "CLINCH_TIME_ZONE" in said
    assert said.count("\n") == 1
