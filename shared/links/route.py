"""Routes of links: limits by address, and headers that keep the secret in the address."""

from typing import Any

from fastapi import Request

from shared.http.open import OpenRoute, address_of

SECURE = (
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow, noarchive"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
)
"""On every answer, refusals too: no other page learns the address, no search engine keeps it, and nothing else is loaded."""


class LinkRoute(OpenRoute):
    """Read by whoever has the secret. It changes nothing: scanners of mails open links before a person does."""

    def get_route_handler(self) -> Any:
        if self.methods != {"GET"}:
            raise TypeError(f"{self.path}: a link is read")
        return super().get_route_handler()

    async def admit(self, request: Request) -> None:
        request.state.rate = SECURE
        await request.app.state.link_limiter.count(address_of(request))
