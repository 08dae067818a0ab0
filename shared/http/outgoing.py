"""What every answer tells caches and browsers, and HEAD, which is GET without the body.

Pure ASGI, outermost.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.access.kinds import masked_somewhere

SNIFF_NOT = (b"x-content-type-options", b"nosniff")
PRIVATE = [
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"Authorization, Accept, Accept-Encoding"),
    SNIFF_NOT,
]
"""Answers are for one person: a cache may keep them for that one, and asks each time whether they are still right."""
NOT_KEPT = [(b"cache-control", b"no-store"), *PRIVATE[1:]]
"""What was masked for one role is not kept for anybody."""


def to_keep(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The headers for an answer to this caller."""
    actor = scope["state"].get("actor")
    return NOT_KEPT if actor is not None and masked_somewhere(actor) else PRIVATE


class Public:
    """For public answers: browsers trust their type, and caches keep the compressed form apart."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], SNIFF_NOT, (b"vary", b"Accept-Encoding")]
            await send(message)

        await self.app(scope, receive, marked if scope["type"] == "http" else send)


class Bodiless:
    """Answers a HEAD with the headers of the GET, then tells the route, perhaps an endless stream, to stop."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._answered = asyncio.Event()

    async def send(self, message: Message) -> None:
        if self._answered.is_set():
            return
        await self._send(message)
        if message["type"] == "http.response.start":
            self._answered.set()
            await self._send({"type": "http.response.body", "body": b""})

    async def receive(self) -> Message:
        if self._answered.is_set():
            return {"type": "http.disconnect"}
        coming, answered = asyncio.ensure_future(self._receive()), asyncio.ensure_future(self._answered.wait())
        try:
            await asyncio.wait({coming, answered}, return_when=asyncio.FIRST_COMPLETED)
            return coming.result() if coming.done() else {"type": "http.disconnect"}
        finally:
            coming.cancel()
            answered.cancel()
