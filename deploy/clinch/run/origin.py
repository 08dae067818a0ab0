"""One origin for several apps: what the gateway's prefix table does in the containers, in one process."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from clinch.run.docs_page import docs_routes
from shared.http.cors import public
from shared.http.problem import answer
from shared.process.admin import Obstacle


@dataclass(frozen=True)
class Served:
    """An app and the path prefixes it owns."""

    name: str
    prefixes: Sequence[str]
    app: FastAPI


class Origin:
    """Sends a request to the owner of the longest prefix of its path, and answers the rest itself: probes, docs, the page, 404."""

    def __init__(
        self,
        services: Sequence[Served],
        mounts: Mapping[str, FastAPI],
        cors_origins: Sequence[str] = (),
        page: Sequence[Route] = (),
    ) -> None:
        self._services, self._mounts = services, mounts
        self._owners = {prefix: s.app for s in services for prefix in s.prefixes} | dict(mounts)
        probes = [Route(path, self._probe) for path in ("/livez", "/readyz", "/startupz")]
        documents = {s.name: s.app for s in services}
        routes = [*probes, *docs_routes(documents), *page]
        self._own = public(Starlette(routes=routes, exception_handlers={404: not_found}), cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = self._owner(scope["path"]) if scope["type"] == "http" else ""
        if prefix in self._mounts:
            scope["root_path"] = prefix
        await self._owners.get(prefix, self._own)(scope, receive, send)

    def _owner(self, path: str) -> str:
        while path and path not in self._owners:
            path = path.rpartition("/")[0]
        return path

    @property
    def obstacles(self) -> Mapping[str, Obstacle]:
        """What keeps each service from serving."""
        return {s.name: s.app.state.obstacle for s in self._services}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The apps are up inside the block."""
        async with AsyncExitStack() as stack:
            for app in [*(s.app for s in self._services), *self._mounts.values()]:
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    async def _probe(self, request: Request) -> Response:
        """All services' answers to this probe; 503 if one of them is not 200."""
        found = await asyncio.gather(*(_ask(s.app, request.url.path) for s in self._services))
        answers = dict(zip((s.name for s in self._services), found, strict=True))
        status = 200 if all(status == 200 for status, _ in answers.values()) else 503
        return JSONResponse({name: body for name, (_, body) in answers.items()}, status)


async def _ask(app: FastAPI, path: str) -> tuple[int, Any]:
    """GET `path` from an app in this process."""
    status, body = 500, b""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": None,
        "server": None,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, body
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            body += message.get("body", b"")

    await app(scope, receive, send)
    try:
        return status, json.loads(body)
    except ValueError:
        return status, None


async def not_found(request: Request, _: Exception) -> Response:
    detail = "No service owns this path; /docs lists those there are."
    return answer(request, status=404, code="not_found", title="Not found", detail=detail)
