"""The admin port of a process: `/livez`, `/readyz` and `/metrics`, for probes and Prometheus, not for callers (conventions §4)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from shared.settings import Settings

DRAIN_SECONDS = 10
"""How long requests in progress may take to end; without a limit an open event stream would hold the shutdown for ever."""

Obstacle = Callable[[], Awaitable[str | None]]
"""What keeps the process from working, or None."""


class _Server(uvicorn.Server):
    """Leaves the signals to the process: uvicorn would raise them again when done, before our own clean-up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: ASGIApp, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then let the requests in progress end. Exits the process when the port is taken."""
    server = _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )
    serving = asyncio.create_task(server.serve())
    await stop.wait()
    server.should_exit = True
    await serving


@asynccontextmanager
async def admin(settings: Settings, obstacle: Obstacle) -> AsyncIterator[None]:
    """Serve the admin port while the block runs, its drain included; nothing where `CLINCH_ADMIN_PORT` is 0."""
    if not settings.admin_port:
        yield
        return
    done = asyncio.Event()
    serving = asyncio.create_task(serve(admin_app(obstacle), settings.host, settings.admin_port, done))
    try:
        yield
    finally:
        done.set()
        await serving


def admin_app(obstacle: Obstacle) -> Starlette:
    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        found = await obstacle()
        return JSONResponse({"status": found or "ready"}, 503 if found else 200)

    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        text = await asyncio.to_thread(encode, REGISTRY)  # a large registry takes milliseconds
        return Response(text, headers={"Content-Type": content_type})

    return Starlette(routes=[Route("/livez", alive), Route("/readyz", ready), Route("/metrics", metrics)])
