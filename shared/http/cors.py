"""Which frontends of other origins may call, and what of an answer they may read besides its body."""

from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware

from shared.http.compression import Compression
from shared.http.outgoing import Public

EXPOSED = (
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "Idempotency-Replayed",
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
