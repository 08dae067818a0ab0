"""The admin port of a process: `/livez`, `/readyz` and `/metrics`, for probes and Prometheus, not for callers (conventions §4)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.drain import serve
from shared.settings import Settings

Obstacle = Callable[[], Awaitable[str | None]]
"""What keeps the process from working, or None."""


@asynccontextmanager
async def admin(settings: Settings, obstacle: Obstacle) -> AsyncIterator[None]:
    """Serve the admin port while the block runs, its drain included; nothing where `CLINCH_ADMIN_PORT` is 0."""
    if not settings.admin_port:
        yield
        return
    done = asyncio.Event()
    serving = asyncio.create_task(serve(admin_app(obstacle), done, host=settings.host, port=settings.admin_port))
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
