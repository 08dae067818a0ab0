"""The whole system in a test: four services with their workers, over the real log in Postgres."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx

from clinch.services import load
from clinch.settings import SERVICES
from shared.postgres import Postgres
from shared.testing import Running, fresh_database, running
from shared.worker import Worker


@dataclass
class System:
    services: Mapping[str, Running]

    def __getitem__(self, name: str) -> Running:
        return self.services[name]

    def client(self, role: str = "admin", subject: str = "") -> httpx.AsyncClient:
        """A client of the one origin: requests go to the service that owns the path."""
        return httpx.AsyncClient(
            transport=_ByPrefix(self.services),
            base_url="http://clinch.test",
            headers={"Authorization": f"Bearer {role}:{subject}"},
            timeout=60,
        )


class _ByPrefix(httpx.AsyncBaseTransport):
    def __init__(self, services: Mapping[str, Running]) -> None:
        self._routes = sorted(
            (
                (prefix, httpx.ASGITransport(app=s.app, raise_app_exceptions=False))
                for s in services.values()
                for prefix in s.service.prefixes
            ),
            key=lambda route: -len(route[0]),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        transport = next(t for prefix, t in self._routes if request.url.path.startswith(prefix))
        return await transport.handle_async_request(request)


@asynccontextmanager
async def whole_system(postgres: Postgres) -> AsyncIterator[System]:
    """Everything on fresh databases, workers running; they stop at the end, and what went wrong in them is raised."""
    async with AsyncExitStack() as stack:
        bus = await fresh_database(postgres)
        services = {
            service.name: await stack.enter_async_context(running(service, postgres, bus_url=bus, pool_size=8))
            for service in map(load, SERVICES)
        }
        stop = asyncio.Event()
        workers = [asyncio.create_task(Worker(s.service, s.settings, s.clock).run(stop)) for s in services.values()]
        try:
            yield System(services)
        finally:
            stop.set()
            done, _ = await asyncio.wait(workers, timeout=20)
            for worker in workers:
                worker.cancel()
                with suppress(asyncio.CancelledError):
                    await worker
            assert len(done) == len(workers), "a worker did not stop when told"


async def eventually(check: Callable[[], Awaitable[Any]], seconds: float = 20) -> Any:
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
