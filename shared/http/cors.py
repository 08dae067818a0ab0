"""Which frontends of other origins may call, and what of an answer they may read besides its body."""

import re
from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http.compression import Compression
from shared.http.outgoing import Public

EXPOSED = (
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "Idempotency-Replayed",
    "Clinch-Settled",
    "X-Trace-Id",
    "Deprecation",
    "Sunset",
    "RateLimit",
    "RateLimit-Policy",
)


def cors(origins: Sequence[str]) -> dict[str, Any]:
    """For Starlette's `CORSMiddleware`."""
    return {"allow_origins": origins, "allow_methods": ["*"], "allow_headers": ["*"], "expose_headers": EXPOSED}


def public(app: Starlette, origins: Sequence[str]) -> Starlette:
    """Answer what belongs to no service (docs, probes, 404) as the services do: compressed, with CORS."""
    app.router.redirect_slashes = False
    app.add_middleware(Compression)
    app.add_middleware(Public)
    if origins:
        app.add_middleware(CORSMiddleware, **cors(origins))
    return app


class Cors(CORSMiddleware):
    """For the frontends that the settings name. What anybody may post to says itself from which sites: `own` are its addresses."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str], own: Sequence[re.Pattern[str]]) -> None:
        super().__init__(app, **cors(origins))
        self.own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.own and _wanted(scope) == "POST" and any(own.match(scope["path"]) for own in self.own):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _wanted(scope: Scope) -> str:
    """The method of a request, or the one that a preflight asks for."""
    if scope["method"] != "OPTIONS":
        return str(scope["method"])
    asked = next((value for name, value in scope["headers"] if name == b"access-control-request-method"), b"")
    return str(asked.decode("latin-1"))
