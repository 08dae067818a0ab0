"""The admin port of a process: `/livez`, `/readyz` and `/metrics`, for probes and Prometheus."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.process.drain import Stop, serve
from shared.process.outage import Outage
from shared.process.settings import Settings
from shared.process.vitals import READY, tell_version, watch_loop

Obstacle = Callable[[], Awaitable[str | None]]
"""What keeps the process from working for a service, or None."""
PATIENCE = 5.0
"""Seconds for all obstacles to be found, in a scrape: less than Prometheus waits for the figures."""


@asynccontextmanager
async def admin(settings: Settings, obstacles: Mapping[str, Obstacle]) -> AsyncIterator[None]:
    """Serve the admin port while the block runs, its drain included; nothing where `CLINCH_ADMIN_PORT` is 0.

    `obstacles` by the names of the services that the process works for.
    """
    if not settings.admin_port:
        yield
        return
    tell_version(obstacles, settings.version)
    done = Stop(at_once=True)
    watching = asyncio.create_task(watch_loop())
    serving = asyncio.create_task(_serve(admin_app(obstacles), settings, done))
    try:
        yield
    finally:
        done.set()
        await serving
        watching.cancel()
        await asyncio.wait([watching])


async def _serve(app: Starlette, settings: Settings, done: Stop) -> None:
    """Figures are no reason not to serve: a port that is taken, as by the predecessor in a restart, is waited for."""
    outage = Outage("admin port", port=str(settings.admin_port))
    while not done.is_set():
        try:
            family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
            listener = socket.create_server((settings.host, settings.admin_port), family=family)
        except OSError as error:
            await outage.wait(error, done)
        else:
            outage.over()
            await serve(app, done, listener=listener)


def admin_app(obstacles: Mapping[str, Obstacle]) -> Starlette:
    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        found = dict(zip(obstacles, await asyncio.gather(*(obstacle() for obstacle in obstacles.values())), strict=True))
        said = [text if len(found) == 1 else f"{service}: {text}" for service, text in found.items() if text]
        return JSONResponse({"status": "; ".join(said) or "ready"}, 503 if said else 200)

    async def metrics(request: Request) -> Response:
        found = dict.fromkeys(obstacles, False)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                for service, obstacle in obstacles.items():
                    found[service] = await obstacle() is None
        for service, is_ready in found.items():
            READY.labels(service).set(is_ready)
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        text = await asyncio.to_thread(encode, REGISTRY)  # a large registry takes milliseconds
        return Response(text, headers={"Content-Type": content_type})

    return Starlette(routes=[Route("/livez", alive), Route("/readyz", ready), Route("/metrics", metrics)])
