"""What the yardsticks share: a Postgres with durable settings, a token issuer, and servers in processes of their own."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import uvicorn
from fastapi import FastAPI

from clinch.run.issuer import issuer_app
from clinch.run.postgres import Postgres
from clinch.run.settings import POSTGRES_OPTIONS
from shared.policy.parts import Served
from shared.process.service import Service
from tests.harness import create_tables, fresh_database


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


_NO_LIMIT = """
INSERT INTO policy_version (id, name, number, state, document, based_on, running, author_id, created_at, updated_at, version)
VALUES (gen_random_uuid(), '{}', 1, 'active', '{{"requests": {{"per_minute": 0}}}}', 0, 'keep', gen_random_uuid(), now(), now(), 1)
"""
"""A few principals send thousands of requests a second here, which the limit is for."""


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    pid: int


@dataclass
class Stage:
    """Where a benchmark runs. Databases and folders go with it."""

    postgres: Postgres
    folder: Path
    issuer: FastAPI

    def token(self, role: str, sub: str | None = None) -> str:
        """Of the person with this key, by default of the role's sample person."""
        return str(self.issuer.state.issuer.token(role=role, sub=sub))

    async def database(self, service: Service) -> str:
        """The URL of a new database with the service's tables, for the service or for what is written by hand."""
        url = await fresh_database(self.postgres)
        await create_tables(url, service.metadata)
        await run_sql(url, *(_NO_LIMIT.format(policy.name) for policy in service.policies if issubclass(policy.model, Served)))
        return url

    @asynccontextmanager
    async def service(self, service: Service, database_url: str) -> AsyncIterator[Server]:
        """The API of a service, started as in production."""
        issuer = self.issuer.state.issuer
        settings = {
            "CLINCH_DATABASE_URL": database_url,
            "CLINCH_BUS_URL": database_url,
            "CLINCH_ISSUER": issuer.issuer,
            "CLINCH_AUDIENCE": issuer.audience,
            "CLINCH_LOG_LEVEL": "warning",
        }
        async with self._process(["-m", service.name.replace("-", "_"), "api"], settings) as server:
            yield server

    @asynccontextmanager
    async def yardstick(self, database_url: str) -> AsyncIterator[Server]:
        """What is written by hand, under the same server with the same options."""
        async with self._process(["-m", "tests.bench.yardsticks"], {"CLINCH_DATABASE_URL": database_url}) as server:
            yield server

    @asynccontextmanager
    async def _process(self, command: Sequence[str], settings: dict[str, str]) -> AsyncIterator[Server]:
        port = free_port()
        log = self.folder / f"{command[1]}.log"
        with log.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *command, env={**os.environ, **settings, "CLINCH_PORT": str(port)}, stdout=out, stderr=out
            )
        try:
            if not await _listening(process, port):
                raise RuntimeError(f"{log.name} says why this server did not start: {log.read_bytes()[-2000:].decode(errors='replace')}")
            yield Server(port, process.pid)
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def _listening(process: asyncio.subprocess.Process, port: int) -> bool:
    for _ in range(300):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        if process.returncode is not None:
            break
        await asyncio.sleep(0.1)
    return False


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="clinch-bench-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        postgres = Postgres(folder / "postgres", folder / "postgres.log", POSTGRES_OPTIONS)
        postgres.create()
        running = postgres.start()
        try:
            postgres.wait_ready(running)
            app = issuer_app(key_file=folder / "key.json", issuer=f"http://127.0.0.1:{port}", audience="clinch", env="test")
            issuer = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
            serving = asyncio.create_task(issuer.serve())
            try:
                yield Stage(postgres, folder, app)
            finally:
                issuer.should_exit = True
                await serving
        finally:
            postgres.stop(running)


async def run_sql(url: str, *statements: str) -> None:
    conn = await asyncpg.connect(url)
    try:
        for statement in statements:
            await conn.execute(statement)
    finally:
        await conn.close()
