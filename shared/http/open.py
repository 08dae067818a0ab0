"""Routes without a token: whoever calls them is told apart by their address."""

import ipaddress
import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from shared.http import openapi
from shared.http.edge import ClinchRoute
from shared.http.entry import checks_of
from shared.ids import external_id


def caller(peer: str | None, forwarded: Sequence[str], trusted: int) -> str:
    """The address that counts for limits: as the farthest of our own proxies saw it, of which there are `trusted`.

    Each proxy adds the address that it was called from at the end of X-Forwarded-For. What stands before those is what the caller
    wrote, and does not count. Of an IPv6 address its network counts, which one customer has for themselves.
    """
    seen = [part.strip() for line in forwarded for part in line.split(",")]
    address = seen[-trusted] if 0 < trusted <= len(seen) else peer or ""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else str(known)


def address_of(request: Request, what: str = "address") -> UUID:
    """Stands for the caller's address where requests are counted, of all or of `what`."""
    return external_id(what, caller_of(request))


def caller_of(request: Request) -> str:
    """The caller's address, as limits see it."""
    peer = request.client.host if request.client else None
    return caller(peer, request.headers.getlist("x-forwarded-for"), request.app.state.settings.trusted_proxies)


class OpenRoute(ClinchRoute):
    """Asked by anybody. `admit` counts the caller before anything else is read, and says which headers each answer has."""

    async def admit(self, request: Request) -> None:
        raise NotImplementedError

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = APIRoute.get_route_handler(self)
        openapi.complete(self)
        self.openapi_extra = {**(self.openapi_extra or {}), "security": []}
        check = checks_of(self)

        async def answer(request: Request) -> Response:
            await self.admit(request)
            check(request)
            async with AsyncExitStack() as request.state.open:
                return await handle(request)

        return answer


def posted_to(routes: Iterable[APIRoute]) -> list[re.Pattern[str]]:
    """The addresses that anybody may post to."""
    return [route.path_regex for route in routes if isinstance(route, OpenRoute) and "POST" in (route.methods or ())]
