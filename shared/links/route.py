"""Routes of links: limits by address, and headers that keep the secret in the address."""

from fastapi import Request

from shared.http.open import OpenRoute, address_of

_ALWAYS = ((b"referrer-policy", b"no-referrer"), (b"x-robots-tag", b"noindex, nofollow, noarchive"))
_CLOSED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action {forms}"


def secured(forms: str = "'none'", **more: str) -> tuple[tuple[bytes, bytes], ...]:
    """The headers of an answer: no other page learns the address, no search engine keeps it, and nothing is loaded but what is named."""
    policy = "; ".join([_CLOSED.format(forms=forms), *(f"{name.replace('_', '-')} {source}" for name, source in more.items())])
    return (*_ALWAYS, (b"content-security-policy", policy.encode()))


SECURE = secured()
"""On every answer that says nothing else, refusals too."""


class LinkRoute(OpenRoute):
    """Asked by whoever has the secret. GET changes nothing: scanners of mails open links before a person does."""

    async def admit(self, request: Request) -> None:
        request.state.rate = SECURE
        await request.app.state.link_limiter.count(address_of(request))
