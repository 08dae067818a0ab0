"""Who has read personal data: kept beside the requests, in batches, for auditors.

A route whose answer shows a field that is marked as personal is logged by that, unless the reader sees all of it masked. Changes are not:
each of them is in `event` with its actor. A process that is killed loses what was read in its last half second; one that is told to end
loses nothing. While the database is away, `MOST` reads are kept in memory; what is beyond is counted as dropped.
"""

import asyncio
import typing
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import structlog
from fastapi import Request
from fastapi.routing import APIRoute
from prometheus_client import Counter
from pydantic import BaseModel
from starlette.responses import Response

from shared.access.kinds import KINDS, unmasked
from shared.auth import Actor
from shared.clock import utcnow
from shared.db.pool import Pool
from shared.db.tables import ACCESS_LOG
from shared.errors import Invalid
from shared.fields import personal
from shared.http.documented import parameter
from shared.ids import new_id
from shared.process.outage import Outage, pause
from shared.process.telemetry import trace_id

F = TypeVar("F", bound=Callable[..., Any])

FLUSH_SECONDS = 0.5
MOST = 50_000
"""Reads that wait in memory at most."""
LONGEST_REASON = 200
STEP = 5000
"""Old entries that one statement deletes."""

REASON = parameter(
    "Access-Reason",
    "header",
    "Why you read it, for the access log.",
    {"type": "string", "maxLength": LONGEST_REASON},
)
DROPPED = Counter("clinch_access_log_dropped_total", "Reads of personal data that could not be logged.", ["service"])
_DELETE = "DELETE FROM access_log WHERE id IN (SELECT id FROM access_log WHERE at < $1 ORDER BY at LIMIT $2)"
_COLUMNS = tuple(column.name for column in ACCESS_LOG.c)
_MASKING = tuple(kind for kind in KINDS.values() if kind.masked)
_SEARCHED = frozenset({"q", "cursor"})
"""Parameters whose values may hold personal data whatever the records are."""


def logged(endpoint: Any) -> Any:
    """Mark a route whose answer has no model, for example a file, as one that shows personal data to all who may ask."""
    endpoint.shows_personal_data = True
    return endpoint


def showing(model: type[BaseModel]) -> Callable[[F], F]:
    """Mark a route whose answer FastAPI does not make, for example a stream, with the model of what it shows."""

    def mark(endpoint: F) -> F:
        endpoint.shows = model  # type: ignore[attr-defined]
        return endpoint

    return mark


def nothing_read(request: Request) -> None:
    """Say that the answer shows nothing: a poll that waited in vain is no read."""
    request.state.nothing_read = True


def check_reason(request: Request) -> None:
    """Refuse a reason that the log could not keep whole."""
    if len(request.headers.get("access-reason", "")) > LONGEST_REASON:
        raise Invalid(f"Access-Reason takes {LONGEST_REASON} characters at most.", pointer=REASON["name"], code="string_too_long")


def reads_of(route: APIRoute) -> "Reads | None":
    """What to log of this route's answers; None for one that shows no personal data, and for one that changes something."""
    if "GET" not in (route.methods or ()):
        return None
    names = frozenset(_personal_in(getattr(route.endpoint, "shows", route.response_model)))
    always = getattr(route.endpoint, "shows_personal_data", False)
    if not names and not always:
        return None
    own = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    return Reads(route.name, own[-1] if own else None, names, always)


def _personal_in(said: Any, seen: frozenset[Any] = frozenset()) -> Iterator[str]:
    """The names of the personal fields of a model, and of all models in it."""
    for part in typing.get_args(said):
        yield from _personal_in(part, seen)
    if isinstance(said, type) and issubclass(said, BaseModel) and said not in seen:
        yield from personal(said)
        if getattr(said, "shows_personal_data", False):
            yield ""
        for field in said.model_fields.values():
            yield from _personal_in(field.annotation, seen | {said})


class Reads(NamedTuple):
    """A route that shows personal data: its operation, the parameter that names the record, and the personal fields.

    `always`: to whoever asks, masked or not.
    """

    operation: str
    record: str | None
    names: frozenset[str]
    always: bool


class _Read(NamedTuple):
    at: datetime
    actor: Actor
    reads: Reads
    record: str | None
    records: int | None
    query: bytes
    trace: str
    reason: str | None


class AccessLog:
    """What one process of a service has to log."""

    def __init__(self, db: Pool, service: str) -> None:
        self._db, self._service = db, service
        self._waiting: deque[_Read] = deque()
        self._stop = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._writing: asyncio.Task[None] | None = None
        DROPPED.labels(service)  # there from the beginning, so that the first one is an increase

    def note(self, reads: Reads, request: Request, response: Response) -> None:
        """Log an answer that showed personal data. It is written a moment later."""
        if getattr(request.state, "nothing_read", False):
            return
        if response.status_code != 200 or not (reads.always or any(unmasked(kind, request.state.actor) for kind in _MASKING)):
            return
        if len(self._waiting) >= MOST:
            DROPPED.labels(self._service).inc()
            return
        record = request.path_params.get(reads.record) if reads.record else None
        self._waiting.append(
            _Read(
                at=utcnow(),
                actor=request.state.actor,
                reads=reads,
                record=None if record is None else str(record),
                records=getattr(request.state, "records", None),
                query=request.scope["query_string"],
                trace=trace_id(request.scope),
                reason=request.headers.get("access-reason") or None,
            )
        )

    def start(self) -> None:
        self._writing = asyncio.create_task(self._run(), name="access log")

    async def aclose(self) -> None:
        """Write what waits, and end."""
        self._stop.set()
        if self._writing is not None:
            await self._writing
        try:
            await self.flush()
        except Exception as error:
            DROPPED.labels(self._service).inc(len(self._waiting))
            _log.warning("access_log_not_written", service=self._service, error=type(error).__name__, lost=len(self._waiting))

    async def flush(self) -> None:
        """Write what waits now. It waits on when that fails."""
        async with self._one_at_a_time:
            batch = list(self._waiting)
            if batch:
                async with self._db.connection() as conn:
                    await conn.copy_records_to_table("access_log", records=map(_row, batch), columns=_COLUMNS)
                for _ in batch:
                    self._waiting.popleft()

    async def _run(self) -> None:
        outage = Outage("access log", service=self._service)
        while not self._stop.is_set():
            try:
                await self.flush()
            except Exception as error:
                await outage.wait(error, self._stop)
            else:
                outage.over()
                await pause(FLUSH_SECONDS, self._stop)


_log = structlog.get_logger()


def _row(read: _Read) -> tuple[Any, ...]:
    by = read.actor
    try:
        record = UUID(read.record or "")
    except ValueError:
        record = None
    query = shown(read.query, read.reads.names) if read.query else None
    return (new_id(), read.at, by.id, by.role.value, read.reads.operation, record, read.records, query, read.trace, read.reason)


@lru_cache(maxsize=256)
def shown(query: bytes, names: frozenset[str]) -> str:
    """The query without the values of personal data: `q=...&state=mql`. Kept, as people ask the same again and again."""
    hidden = {*names, *_SEARCHED}
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return urlencode([(name, "..." if name.partition("[")[0] in hidden else value) for name, value in given])[:2000]


async def forget_old(db: Pool, days: int) -> None:
    """Delete what is older, in steps."""
    until = utcnow() - timedelta(days=days)
    while True:
        async with db.connection() as conn:
            if await conn.execute(_DELETE, until, STEP) != f"DELETE {STEP}":
                return
