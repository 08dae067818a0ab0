"""What we use of libraries beyond what they promise: still there, and still means that. pyproject.toml caps those libraries.

When one of these fails after an upgrade, the module that it names must be read again before the cap is moved.
"""

import asyncio
from typing import Annotated

import httpx
import uvicorn
from fastapi import APIRouter, Depends, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared.http.dependants import dependencies, query_names


class _Asked(BaseModel):
    colour: str | None = None


async def _inner(size: int = 1) -> int:
    return size


async def _outer(size: Annotated[int, Depends(_inner)], in_: Annotated[str, Query(alias="in")] = "") -> str:
    return f"{size}{in_}"


async def _first() -> None:
    pass


async def _route(at: Annotated[str, Depends(_outer)], asked: Annotated[_Asked, Query()], limit: int = 1) -> None:
    pass


def test_fastapi_tells_what_a_route_depends_on_and_which_parameters_it_reads() -> None:
    """shared/http/dependants.py."""
    router = APIRouter(dependencies=[Depends(_first)])
    router.get("/")(_route)
    (route,) = router.routes
    assert isinstance(route, APIRoute)
    assert dependencies(route) == [_first, _outer, _inner]
    assert query_names(route) == {"size", "in", "colour", "limit"}
    assert route.body_field is None


async def test_uvicorn_has_the_connections_and_headers_that_a_drain_works_on() -> None:
    """shared/process/drain.py."""

    async def app(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    config = uvicorn.Config(app, port=0, http="httptools", lifespan="off", log_config=None)
    config.load()
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        await client.get("/")
        (connection,) = server.server_state.connections
        assert connection.cycle.response_complete
        assert not connection.transport.is_closing()
        assert connection.transport.get_extra_info("socket").fileno() > 0
        closing = (b"connection", b"close")
        server.server_state.default_headers.append(closing)
        config.encoded_headers.append(closing)
        assert (await client.get("/")).headers["connection"] == "close"
    server.should_exit = True
    await serving
