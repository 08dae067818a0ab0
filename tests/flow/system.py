"""The whole system in a test: four services with their workers, over the real log in Postgres."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from clinch.run.postgres import Postgres
from clinch.run.services import load
from clinch.run.settings import SERVICES
from shared.process.worker import Worker
from tests.harness import Running, fresh_database, running


@dataclass
class System:
    services: Mapping[str, Running]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    workers: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Running:
        return self.services[name]

    def work(self, name: str) -> None:
        """Start the worker of a service."""
        s = self.services[name]
        self.workers[name] = asyncio.create_task(Worker(s.service, s.settings, s.clock).run(self.stop))

    async def cut(self, name: str) -> None:
        """End a worker in the middle of what it is doing: nothing more is committed."""
        self.workers[name].cancel()
        with suppress(asyncio.CancelledError):
            await self.workers[name]

    def client(self, role: str = "admin", subject: str = "") -> httpx.AsyncClient:
        """A client of the one origin: requests go to the service that owns the path."""
        return httpx.AsyncClient(
            transport=_ByPrefix(self.services),
            base_url="http://clinch.test",
            headers={"Authorization": f"Bearer {role}:{subject}"},
            timeout=60,
        )

    def person(self, role: str = "admin", subject: str = "") -> UUID:
        return next(iter(self.services.values())).person(role, subject)


class _ByPrefix(httpx.AsyncBaseTransport):
    def __init__(self, services: Mapping[str, Running]) -> None:
        self._routes = sorted(
            ((prefix, httpx.ASGITransport(app=s.app, raise_app_exceptions=False)) for s in services.values() for prefix in s.service.paths),
            key=lambda route: -len(route[0]),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        transport = next(t for prefix, t in self._routes if request.url.path.startswith(prefix))
        return await transport.handle_async_request(request)


@asynccontextmanager
async def whole_system(postgres: Postgres, **changed: Any) -> AsyncIterator[System]:
    """Everything on fresh databases, workers running; they stop at the end, and what went wrong in them is raised.

    `changed` are settings of all services.
    """
    async with AsyncExitStack() as stack:
        bus = await fresh_database(postgres)
        services = {
            service.name: await stack.enter_async_context(running(service, postgres, bus_url=bus, pool_size=8, **changed))
            for service in map(load, SERVICES)
        }
        yield await stack.enter_async_context(at_work(services))


@asynccontextmanager
async def at_work(services: Mapping[str, Running]) -> AsyncIterator[System]:
    """The services with their workers."""
    system = System(services)
    for name in services:
        system.work(name)
    try:
        yield system
    finally:
        system.stop.set()
        workers = system.workers.values()
        done, _ = await asyncio.wait(workers, timeout=60)
        for worker in workers:
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker
        assert len(done) == len(workers), "a worker did not stop when told"


async def eventually(check: Callable[[], Awaitable[Any]], seconds: float = 60) -> Any:
    """The first truthy answer of `check`; its last failure when it does not come in time."""
    problem: BaseException = AssertionError("it never became true")
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    if found := await check():
                        return found
                except AssertionError as error:
                    problem = error
                await asyncio.sleep(0.03)
    except TimeoutError:
        raise problem from None
