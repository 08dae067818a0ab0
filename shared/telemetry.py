"""Logs, request metrics and trace ids (conventions §4). Logs never carry payloads."""

import logging
import re
import secrets
import sys
import time
from typing import Any

import structlog
from prometheus_client import Histogram
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.settings import Settings

REQUESTS = Histogram(
    "http_server_request_duration_seconds",
    "How long requests took, by route.",
    ["service", "method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

_TRACEPARENT = re.compile(rb"^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")
BODY_LIMIT = 1024 * 1024
"""Bytes a JSON body may have; imports are streamed and exempt."""


def configure_logging(settings: Settings, service: str) -> None:
    def name_service(_: Any, __: str, entry: Any) -> Any:
        entry.setdefault("service", service)
        return entry

    console = settings.log_format == "console"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            name_service,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.log_level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    # An outage is one line of ours; the pool would add a traceback for each of its attempts.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


def traceparent(scope: Scope) -> str:
    """The W3C trace context of a request: the caller's, or one that starts here."""
    given = scope.setdefault("state", {})
    if "traceparent" not in given:
        sent = next((v for k, v in scope["headers"] if k == b"traceparent" and _TRACEPARENT.match(v)), None)
        given["traceparent"] = sent.decode() if sent else f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    return str(given["traceparent"])


def trace_id(scope: Scope) -> str:
    return traceparent(scope).split("-")[1]


class Telemetry:
    """Pure ASGI: times each request, names its trace in logs and answer, and refuses bodies over the limit as they come in."""

    def __init__(self, app: ASGIApp, *, service: str, streamed: tuple[str, ...] = ()) -> None:
        self.app, self.service, self.streamed = app, service, streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        trace = trace_id(scope)
        structlog.contextvars.bind_contextvars(trace_id=trace)
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-trace-id", trace.encode())]
            await send(message)

        limited = receive if scope["path"].startswith(self.streamed or ("\n",)) else _limited(receive)
        try:
            await self.app(scope, limited, noting)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            REQUESTS.labels(self.service, scope["method"], route, status).observe(time.perf_counter() - started)
            structlog.contextvars.clear_contextvars()


def _limited(receive: Receive) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > BODY_LIMIT:
            raise HTTPException(413)
        return message

    return counted
