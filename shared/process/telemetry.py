"""What each request leaves behind: its figures, its trace id, and what the logs call it."""

import re
import time
from contextvars import ContextVar
from functools import cache, partial
from random import getrandbits

from prometheus_client import Histogram
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.types import EventDict

from shared.http.going import going_of
from shared.http.outgoing import Bodiless, to_keep

REQUESTS = Histogram(
    "http_server_request_duration_seconds",
    "How long requests took, by route: until the answer was sent, for a stream until it began. Probes are not counted.",
    ["service", "method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "none"
"""Labels come from our own routes and this list, never from what a caller sends: each new value would be a new time series."""
PROBES = frozenset({"/livez", "/readyz", "/startupz"})

_REQUEST_ID = re.compile(rb"^[\w.:-]{1,64}$")
_TRACEPARENT = re.compile(rb"^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")
FILES = "/attachments"
"""What addresses that take a file end with; they count its bytes themselves."""
BODY_LIMIT = 1024 * 1024
"""Bytes a JSON body may have; imports are streamed and exempt."""


def traceparent(scope: Scope) -> str:
    """The W3C trace context of a request: the caller's, or one that starts here."""
    given = scope.setdefault("state", {})
    if "traceparent" not in given:
        sent = next((v for k, v in scope["headers"] if k == b"traceparent" and _TRACEPARENT.match(v)), None)
        given["traceparent"] = sent.decode() if sent else f"00-{getrandbits(128) or 1:032x}-{getrandbits(64) or 1:016x}-01"
    return str(given["traceparent"])


def trace_id(scope: Scope) -> str:
    return traceparent(scope).split("-")[1]


def _request_id(scope: Scope) -> str:
    """The caller's or the gateway's X-Request-ID, or a new one: a trace may hold many requests."""
    given = scope["state"]
    if "request_id" not in given:
        sent = next((v for k, v in scope["headers"] if k == b"x-request-id" and _REQUEST_ID.match(v)), None)
        given["request_id"] = sent.decode() if sent else f"{getrandbits(64):016x}"
    return str(given["request_id"])


_request: ContextVar[tuple[str, Scope] | None] = ContextVar("request", default=None)
"""The service and the request that this task works for."""


def of_request(_: object, __: str, entry: EventDict) -> EventDict:
    """A structlog processor: which request a line belongs to, and whose.

    Found out when there is a line, which most requests have not.
    """
    if (found := _request.get()) is not None:
        service, scope = found
        said = {"service": service, "trace_id": trace_id(scope), "request_id": _request_id(scope)}
        if (actor := scope["state"].get("actor")) is not None:
            said["actor_id"] = str(actor.id)
        for key, value in said.items():
            entry.setdefault(key, value)
    return entry


class Telemetry:
    """Pure ASGI: times each request, names its trace in logs and answer, and refuses bodies over the limit as they come in.

    It is the outermost, so every answer passes here, also refusals and those of HEAD.
    """

    def __init__(self, app: ASGIApp, *, service: str, streamed: tuple[str, ...] = ()) -> None:
        self.app, self.service, self.streamed = app, service, streamed
        self._timed = cache(partial(REQUESTS.labels, service))  # prometheus-client looks its labels up under a lock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        if scope["method"] == "HEAD":
            bodiless = Bodiless(receive, send)
            receive, send = bodiless.receive, bodiless.send
        trace = trace_id(scope)
        _request.set((self.service, scope))  # to the end of its task: an error that nobody expected is logged outside of this
        status, streams_since = 500, 0.0

        async def noting(message: Message) -> None:
            nonlocal status, streams_since
            if message["type"] == "http.response.start":
                status = message["status"]
                if any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in message["headers"]):
                    streams_since = time.perf_counter()
                message["headers"] = [
                    *message["headers"],
                    (b"x-trace-id", trace.encode()),
                    *scope["state"].get("rate", ()),
                    *to_keep(scope),
                ]
                if (ends := going_of(scope.get("route"))) is not None:
                    message["headers"] += ends.headers(scope["path_params"])
            await send(message)

        limited = receive if self._is_streamed(scope["path"]) else _limited(receive)
        try:
            await self.app(scope, limited, noting)
        finally:
            route = getattr(scope.get("route"), "path", NO_ROUTE)
            method = scope["method"] if scope["method"] in METHODS else "other"
            took = (streams_since or time.perf_counter()) - started
            waited: float = scope["state"].get("waited", 0.0)  # because the caller asked for it, as a poll for events does
            self._timed(method, route, status).observe(took - waited)

    def _is_streamed(self, path: str) -> bool:
        """Whether a file of any length may come here: what takes it counts by itself."""
        return path.startswith(self.streamed or ("\n",)) or path.endswith(FILES)


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
