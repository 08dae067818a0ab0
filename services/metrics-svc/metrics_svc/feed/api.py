"""`/v1/events` and `/v1/stream`: the feed for polling and for listening readers."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from metrics_svc.feed import queries
from metrics_svc.feed.commands import KNOWN
from metrics_svc.feed.models import GONE, CloudEventOut, EventsOut, body, problems
from metrics_svc.feed.rules import Wanted, wanted
from metrics_svc.feed.stream import Stream
from metrics_svc.feed.tail import Tail
from shared.auth import CurrentActor, admit
from shared.http.access_log import nothing_read, showing
from shared.http.edge import ClinchRoute
from shared.process.drain import Stopping
from shared.sentences import written

router = APIRouter(tags=["events"], route_class=ClinchRoute)

_TOO_MANY = "As many streams and waiting polls as one principal may have are open"
Position = Annotated[str, written(r"^(latest|[0-9]{0,18})$", "Write a position in the feed (a whole number), or `latest`.")]
EventId = Annotated[str, written(r"^[0-9]{0,18}$", "Send the `id` of the last event that was received: a whole number.")]


async def _tail(request: Request, stopping: Stopping) -> Tail:
    """One for the process, from the first reader on."""
    state = request.app.state
    if not hasattr(state, "feed_tail"):
        state.feed_tail = Tail(state.db, state.settings, stopping, service=state.service)
    tail: Tail = state.feed_tail
    return tail


async def _wanted(
    types: Annotated[
        list[str] | None,
        Query(max_length=50, description="Only these types, as a comma list or repeated; `*` is any text: `clinch.deal.*`."),
    ] = None,
    aggregate: Annotated[list[str] | None, Query(max_length=50, description="Only what is about these: `deal,contract`.")] = None,
    subject: Annotated[UUID | None, Query(description="Only what is about this record.")] = None,
) -> Wanted:
    return wanted(types or (), aggregate or (), subject, KNOWN)


Following = Annotated[Tail, Depends(_tail)]
Asked = Annotated[Wanted, Depends(_wanted)]


@router.get("/v1/events", response_model=EventsOut, responses=problems(_410=GONE, _429=_TOO_MANY))
async def list_events(
    request: Request,
    by: CurrentActor,
    tail: Following,
    asked: Asked,
    after: Annotated[Position, Query(description="Events behind this position; `latest` for the end. From the oldest without it.")] = "",
    limit: Annotated[int, Query(ge=1, le=500, description="Events at most.")] = 100,
    wait: Annotated[float, Query(ge=0, le=30, description="Seconds to wait for events when there are none.")] = 0,
) -> Response:
    """Events in one order, of the records that the caller may see now. Read on with `after=` the answer's `next_after`: nothing is
    passed over. When that is `latest` you have all there is; `wait` then saves polls."""
    position = await _position(request, after, start="oldest")
    found = await tail.read(position, by, asked, limit)
    if wait and not found.items and found.next_after >= found.latest:
        loop = asyncio.get_running_loop()
        since = loop.time()
        until = since + wait
        async with tail.reader(by):
            while not found.items and loop.time() < until and not tail.stopping.is_set():
                await tail.wait(found.next_after, until - loop.time())
                found = await tail.read(found.next_after, by, asked, limit)
        request.state.waited = loop.time() - since
        await request.app.state.leavers.refuse(by)
    request.state.records = len(found.items)
    if not found.items:
        nothing_read(request)
    return Response(body(found, by), media_type="application/json")


async def _stream(
    request: Request,
    by: CurrentActor,
    tail: Following,
    asked: Asked,
    after: Annotated[Position, Query(description="Events behind this position; without it, those that happen from now on.")] = "",
    last_event_id: Annotated[
        EventId,
        Header(
            alias="Last-Event-ID",
            description="The last `id` that was received: continues behind it and ignores `after`.",
        ),
    ] = "",
) -> AsyncIterator[Stream]:
    """What can be refused is refused here, before the answer has begun."""
    position = await _position(request, last_event_id or after, start="latest")
    async with tail.reader(by):
        await tail.read(position, by, asked, 1)
        token = request.headers["authorization"].partition(" ")[2].strip()
        yield Stream(tail, partial(admit, request.app.state, token), by, asked, position)


@router.get(
    "/v1/stream",
    response_class=EventSourceResponse,
    responses=problems(_410=GONE, _429=_TOO_MANY),
)
@showing(CloudEventOut)
async def stream_events(stream: Annotated[Stream, Depends(_stream)]) -> AsyncIterator[ServerSentEvent]:
    """The same events as they come, as Server-Sent Events: `id` is the position, `event` the type, `data` the CloudEvent. Resume with
    `Last-Event-ID`. It ends with `event: end` (connect again; with a new token if `code` is `unauthorized`) or `event: gap` (as a 410)."""
    async for event in stream.events():
        yield event


async def _position(request: Request, given: str, *, start: str) -> int:
    if given not in ("", "latest"):
        return int(given)
    async with request.app.state.db.read() as db:
        head = await queries.head(db)
    return head.latest if given == "latest" or start == "latest" else head.oldest
