"""Services as an orchestrator runs them: every process on its own, several of a kind, probed, and told to end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from clinch.run.issuer import issuer_app
from clinch.run.postgres import Postgres
from clinch.run.services import load
from clinch.run.settings import SERVICES
from shared.process.drain import Stop, serve
from shared.process.settings import Settings
from tests.faults.system import LAG_WITHIN, PATIENT
from tests.harness import fresh_database
from tests.ports import free_port

PROBE_SECONDS = 0.3
"""Between two looks at `/readyz`."""
DRAIN_DELAY = 3.0
NOTICED = 1.0
"""Seconds after SIGTERM when the balancer knows at the latest, probed or not: an orchestrator tells it what it ends."""
READY_WITHIN = 240.0


@dataclass
class Replica:
    """`python -m <service> api | worker`."""

    service: str
    command: str
    settings: Mapping[str, str]
    port: int = field(default_factory=free_port)
    admin_port: int = field(default_factory=free_port)
    child: asyncio.subprocess.Process | None = None
    is_ready: bool = False
    has_left: bool = False
    """Both as the balancer sees it."""

    async def start(self) -> None:
        """Returns when it is ready."""
        own = {"CLINCH_PORT": str(self.port), "CLINCH_ADMIN_PORT": str(self.admin_port)}
        env = {k: v for k, v in os.environ.items() if not k.startswith("CLINCH_")} | {"PYTHONPATH": os.pathsep.join(sys.path)}
        self.child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"{self.service}_svc", self.command, env=env | self.settings | own, stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(READY_WITHIN):
            while not await self.ready():
                assert self.child.returncode is None, f"the {self.service} {self.command} ended at its start"
                await asyncio.sleep(0.1)
        self.is_ready, self.has_left = True, False

    async def ready(self) -> bool:
        with suppress(httpx.TransportError):
            async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
                return (await http.get(f"http://127.0.0.1:{self.admin_port}/readyz")).status_code == 200
        return False

    async def end(self) -> float:
        """SIGTERM; the seconds until it has ended, which must be well."""
        assert self.child
        loop = asyncio.get_running_loop()
        started = loop.time()
        self.child.send_signal(signal.SIGTERM)
        noticed = loop.call_later(NOTICED, self.leave)
        assert await self.child.wait() == 0
        noticed.cancel()
        self.leave()
        return loop.time() - started

    def leave(self) -> None:
        self.has_left = True

    async def probe(self) -> None:
        child = self.child
        ready = await self.ready()
        if child is self.child:  # not one that has taken its place meanwhile
            self.is_ready = ready

    async def kill(self) -> None:
        if self.child and self.child.returncode is None:
            self.child.kill()
            await self.child.wait()


@dataclass
class Replicas:
    """Four migrated databases with the log in a fifth, an issuer, and the processes that a test asks for."""

    databases: Mapping[str, str]
    settings: Mapping[str, str]
    token: str
    _stack: AsyncExitStack
    _apis: list[Replica] = field(default_factory=list)
    _working: set[str] = field(default_factory=set)
    """Services that were given a worker."""

    async def start(self, service: str, command: str, count: int, **changed: str) -> list[Replica]:
        """`changed` are settings by their variables."""
        settings = {**self.settings, "CLINCH_DATABASE_URL": self.databases[service], **changed}
        made = [Replica(service, command, settings) for _ in range(count)]
        if command == "worker":
            self._working.add(service)
        for replica in made:
            self._stack.push_async_callback(replica.kill)
        await asyncio.gather(*(replica.start() for replica in made))
        return made

    @asynccontextmanager
    async def balanced(self, apis: list[Replica]) -> AsyncIterator[None]:
        """New connections go to the ready ones of these, or to all that have not left when none is, which is busy then: `ports`."""

        async def probe() -> None:
            while True:
                await asyncio.gather(*(api.probe() for api in apis))
                await asyncio.sleep(PROBE_SECONDS)

        self._apis = apis
        probing = asyncio.create_task(probe())
        try:
            yield
        finally:
            probing.cancel()
            await asyncio.wait([probing])

    def ports(self) -> list[int]:
        ready = [api for api in self._apis if api.is_ready and not api.has_left]
        return [api.port for api in ready or self._apis if not api.has_left]

    async def values(self, database: str, sql: str) -> list[Any]:
        """The only column of what this statement finds."""
        conn = await asyncpg.connect(self.databases[database])
        try:
            return [row[0] for row in await conn.fetch(sql)]
        finally:
            await conn.close()

    async def verified(self) -> str:
        """What `clinch verify --rebuild` prints; fails when an invariant does not hold. It waits for all consumers, so all get a worker."""
        await asyncio.gather(*(self.start(service, "worker", 1) for service in self.databases.keys() - self._working))
        return await verified(self.databases, self.settings["CLINCH_BUS_URL"])


async def verified(databases: Mapping[str, str], bus: str) -> str:
    """What `clinch verify --rebuild` prints of these databases and their log; fails when an invariant does not hold."""
    urls = {f"CLINCH_{name.upper()}_DATABASE_URL": url for name, url in databases.items()} | {"CLINCH_BUS_URL": bus}
    command = [sys.executable, "-P", "-m", "clinch.main", "verify", "--rebuild", "--wait", f"{4 * LAG_WITHIN:.0f}"]
    child = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **urls}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await child.communicate()
    assert child.returncode == 0, said.decode()
    return said.decode()


_templates: dict[int, dict[str, str]] = {}


async def _migrated(postgres: Postgres, settings: Settings) -> Mapping[str, str]:
    """The four databases to make a test's own from: two hundred revisions take longer than copies of what they come to."""
    if id(postgres) not in _templates:
        made = {name: await fresh_database(postgres) for name in SERVICES}
        for name, url in made.items():
            service = load(name)
            await service.migrate(service.settings(env="test", database_url=url, bus_url=settings.bus_url, issuer=settings.issuer))
        _templates[id(postgres)] = made
    return _templates[id(postgres)]


@asynccontextmanager
async def replicas(postgres: Postgres, place: Path, bus: str | None = None) -> AsyncIterator[Replicas]:
    """`bus` is the URL of another log than a fifth database."""
    async with AsyncExitStack() as stack:
        port, over = free_port(), Stop(at_once=True)
        issuer = issuer_app(key_file=place / "issuer-key.json", issuer=f"http://127.0.0.1:{port}", audience="clinch", env="test")
        serving = asyncio.create_task(serve(issuer, over, port=port))
        bus = bus or await fresh_database(postgres)
        settings = Settings(env="test", database_url=bus, bus_url=bus, issuer=f"http://127.0.0.1:{port}")
        databases = {name: await fresh_database(postgres, url) for name, url in (await _migrated(postgres, settings)).items()}
        given = {
            "CLINCH_ENV": "test",
            "CLINCH_BUS_URL": bus,
            "CLINCH_ISSUER": settings.issuer,
            "CLINCH_POOL_SIZE": "6",
            **PATIENT,
            "CLINCH_DRAIN_DELAY_SECONDS": str(DRAIN_DELAY),
            "CLINCH_LOG_LEVEL": "error",
        }
        try:
            yield Replicas(databases, given, issuer.state.issuer.token(role="admin"), stack)
        finally:
            await stack.aclose()
            over.set()
            await serving
