"""Routes without a token: limits by address, and headers that keep the secret in the address."""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from shared.http import openapi
from shared.http.edge import ClinchRoute
from shared.http.entry import checks_of
from shared.ids import external_id
from shared.links.record import caller

SECURE = (
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow, noarchive"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
)
"""On every answer, refusals too: no other page learns the address, no search engine keeps it, and nothing else is loaded."""


class LinkRoute(ClinchRoute):
    """Read by whoever has the secret. It changes nothing: scanners of mails open links before a person does."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        if self.methods != {"GET"}:
            raise TypeError(f"{self.path}: a link is read")
        handle = APIRoute.get_route_handler(self)
        openapi.complete(self)
        self.openapi_extra = {**(self.openapi_extra or {}), "security": []}
        check = checks_of(self)

        async def answer(request: Request) -> Response:
            request.state.rate = SECURE
            state = request.app.state
            peer = request.client.host if request.client else None
            address = caller(peer, request.headers.getlist("x-forwarded-for"), state.settings.trusted_proxies)
            await state.link_limiter.count(external_id("address", address))
            check(request)
            async with AsyncExitStack() as request.state.open:
                return await handle(request)

        return answer
