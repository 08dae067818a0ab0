"""The edge of a service: opens the transaction of a request, and commits it before the answer leaves (architecture §2)."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Query, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from shared.auth import CurrentActor
from shared.db import Context, Reader, Tx
from shared.errors import PreconditionRequired, Problem
from shared.http import idempotency, openapi
from shared.http.page import only_wanted
from shared.telemetry import trace_id, traceparent

DryRun = Annotated[bool, Query(description="Check everything and answer as if done, but change nothing.")]


async def open_tx(
    request: Request, actor: CurrentActor, key: idempotency.IdempotencyKey = None, dry_run: DryRun = False
) -> AsyncIterator[Tx]:
    state = request.app.state
    context = Context(state.service, actor, state.clock(), trace_id(request.scope), traceparent=traceparent(request.scope))
    async with state.db.begin(context, keep=not dry_run) as tx:
        if not dry_run:
            await idempotency.begin(request, tx, actor, key)
        request.state.tx = tx
        yield tx


async def open_reader(request: Request) -> AsyncIterator[Reader]:
    async with request.app.state.db.read() as reader:
        yield reader


async def if_match(
    value: Annotated[str | None, Header(alias="If-Match", description='The ETag you read, for example "3".', examples=['"3"'])] = None,
) -> int | None:
    """The version the caller expects; None for `*`. 428 without the header, 400 when it is no ETag of ours."""
    if value is None:
        raise PreconditionRequired('Send If-Match with the ETag you read, for example If-Match: "3".')
    if value.strip() == "*":
        return None
    digits = value.strip().removeprefix('"').removesuffix('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise _BadEtag('If-Match takes one strong ETag as we gave it, for example "3".')
    return int(digits)


class _BadEtag(Problem):
    status = 400
    code = "bad_if_match"
    title = "If-Match could not be read"


# scope="function": the block after `yield` (commit) runs before the response is sent; FastAPI's default runs it after.
InTx = Annotated[Tx, Depends(open_tx, scope="function")]
Reading = Annotated[Reader, Depends(open_reader, scope="function")]
IfMatch = Annotated[int | None, Depends(if_match)]
KeyRequired = Depends(idempotency.key_required)


class ClinchRoute(APIRoute):
    """Stores the answer of an idempotent request in its transaction, and gives versioned resources their ETag."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        openapi.add_parameters(self)
        versioned = "version" in getattr(self.response_model, "model_fields", {})

        async def with_edge(request: Request) -> Response:
            try:
                response = await handle(request)
            except idempotency.Replayed as replayed:
                return replayed.response
            if fields := getattr(request.state, "fields", None):
                only_wanted(response, fields)
            if versioned and 200 <= response.status_code < 300:
                etag = f'"{orjson.loads(response.body)["version"]}"'
                if request.method == "GET" and request.headers.get("if-none-match") in (etag, "*"):
                    return Response(status_code=304, headers={"ETag": etag})
                response.headers["ETag"] = etag
            tx: Tx | None = getattr(request.state, "tx", None)
            if tx is not None:
                await idempotency.keep(request, tx, response)
            return response

        return with_edge
