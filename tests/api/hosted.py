"""A service as Schemathesis calls it: in its own event loop, on a fresh database with something in it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

from clinch.run.postgres import Postgres
from shared.auth import Actor, Role, person_id
from shared.errors import Unauthorized
from shared.http.rate import Limiter
from shared.policy.parts import Requests
from shared.process.service import Service
from tests.harness import Running, running

Prepare = Callable[[Running], Awaitable[dict[str, list[Any]]]]
"""Fills the database, and gives values for parameters by their names."""

ANYBODY = Actor.of(person_id("anybody"), frozenset(Role))


class _OneToken:
    """The token `all` has every role: what a role may not do is tested where the rule is."""

    async def actor(self, token: str) -> Actor:
        if token != "all":
            raise Unauthorized("This token is not valid.")
        return ANYBODY

    async def aclose(self) -> None:
        pass


class Hosted:
    """An ASGI app whose lifespan is a `running` service."""

    def __init__(self, service: Service, postgres: Postgres, prepare: Prepare) -> None:
        self._service, self._postgres, self._prepare = service, postgres, prepare
        self._running: Running
        self.values: dict[str, list[Any]] = {}

    @property
    def document(self) -> dict[str, Any]:
        return self._running.app.openapi()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            scope["headers"] = [(name, _unique(text) if name == b"idempotency-key" else text) for name, text in scope["headers"]]
            await _to_its_first_piece(self._running.app, scope, receive, send)
            return
        await receive()
        async with running(self._service, self._postgres, webhook_allow=("127.0.0.1",)) as self._running:
            self.values = await self._prepare(self._running)
            state = self._running.app.state
            state.verifier = _OneToken()
            # All requests come from one address: by the limit for those without a token, most would not reach their routes.
            state.link_limiter = Limiter(self._running.db, lambda: Requests(per_minute=0), self._service.name)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def _to_its_first_piece(app: Any, scope: Any, receive: Any, send: Any) -> None:
    """Any answer; of an event stream, which has no end, only how it begins."""
    streams, enough = False, asyncio.Event()

    async def noting(message: Any) -> None:
        nonlocal streams
        if message["type"] == "http.response.start":
            streams = (b"content-type", b"text/event-stream; charset=utf-8") in message["headers"]
        elif streams and message["body"] and not enough.is_set():
            await send({**message, "more_body": False})
            enough.set()
            return
        if not enough.is_set():
            await send(message)

    answering, ended = asyncio.create_task(app(scope, receive, noting)), asyncio.create_task(enough.wait())
    await asyncio.wait([answering, ended], return_when=asyncio.FIRST_COMPLETED)
    if enough.is_set():
        answering.cancel()
    ended.cancel()
    await asyncio.wait([ended])
    with suppress(asyncio.CancelledError):
        await answering


def _unique(key: bytes) -> bytes:
    """Schemathesis sends the same key with ever other bodies. One that is too long, or empty, stays what it is."""
    return uuid4().hex.encode().ljust(len(key), b"0") if 0 < len(key) <= 200 else key
