"""The edge of a service: who asks, and a transaction that commits before the answer leaves.

`dry_run`, `If-Match` and `Idempotency-Key` are read here, not by FastAPI: a missing If-Match is 428 and not 422, and one of them that
is given twice is refused, where FastAPI would take the last.
"""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from shared.auth import Actor, authenticate
from shared.clock import Clock, moved_by
from shared.db.context import Context
from shared.db.tx import Reader, Tx
from shared.errors import Invalid
from shared.http import access_log, etag, idempotency, openapi
from shared.http.documented import documented, parameter
from shared.http.entry import checks_of
from shared.http.export import answer as export
from shared.http.page import only_wanted
from shared.http.settled import name_settled
from shared.process.telemetry import trace_id, traceparent

_DRY_RUN = parameter(
    "dry_run", "query", "Check everything and answer as if done, but change nothing.", {"type": "boolean", "default": False}
)
_IF_MATCH = parameter(
    "If-Match", "header", 'The ETag you read, or its version alone: "3"; `*` for whatever it is now.', etag.SCHEMA, required=True
)


def context_of(request: Request, actor: Actor) -> Context:
    """Who acts in this request, when, and by which trace: for a transaction that begins it."""
    state, scope = request.app.state, request.scope
    clock: Clock = state.clock
    return Context(state.service, actor, clock(), trace_id(scope), traceparent=traceparent(scope), moved=moved_by(clock))


@documented(idempotency.PARAMETER, _DRY_RUN)
async def open_tx(request: Request) -> Tx:
    """The transaction of the request, which its route ends."""
    actor: Actor = request.state.actor
    dry_run = _is_true(request, "dry_run")
    begun = request.app.state.db.begin(context_of(request, actor), keep=not dry_run)
    tx: Tx = await request.state.open.enter_async_context(begun)
    await idempotency.begin(request, tx, actor, keep=not dry_run)
    request.state.tx = tx
    return tx


async def open_reader(request: Request) -> Reader:
    reader: Reader = await request.state.open.enter_async_context(request.app.state.db.read())
    return reader


@documented(_IF_MATCH)
async def if_match(request: Request) -> int | None:
    """The version the caller expects; None for `*`."""
    return etag.expected(request.headers.get("if-match"))


def _is_true(request: Request, name: str) -> bool:
    if not request.scope["query_string"]:
        return False
    given = {text.lower() for text in request.query_params.getlist(name)} or {"false"}
    if len(given) > 1 or not given <= {"true", "false", "1", "0"}:
        raise Invalid(f"{name} takes true or false.", pointer=name, code="bool_parsing")
    return given <= {"true", "1"}


InTx = Annotated[Tx, Depends(open_tx)]
Reading = Annotated[Reader, Depends(open_reader)]
IfMatch = Annotated[int | None, Depends(if_match)]
KeyRequired = Depends(idempotency.key_required)


class ClinchRoute(APIRoute):
    """Ends what the request opened, stores its answer with the change, and gives records their ETag.

    A 201 has a Location: the new record's address, or that of the list which shows it.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        openapi.complete(self)
        check = checks_of(self)
        reads, listed = access_log.reads_of(self), export.is_list(self)
        collection = self.path.partition("/{")[0]
        versioned = "version" in getattr(self.response_model, "model_fields", {})
        # An answer that also shows what hangs on the record (milestones, sums) changes without the record's version.
        says_all = getattr(self.response_model, "version_says_all", True)
        by_themselves = getattr(self.response_model, "change_by_themselves", ())  # fields, once they have a value

        async def answer(request: Request) -> Response:
            actor = await authenticate(request)  # first: without a token a caller learns nothing of the rest
            request.state.rate = await request.app.state.limiter.count(actor.id)
            check(request)
            if reads is not None:
                access_log.check_reason(request)
            if listed and (form := export.file_asked(request)):
                return await export.export(self, request, form, handle)
            response = await handle(request)
            if reads is not None:
                request.app.state.access_log.note(reads, request, response)
            if fields := getattr(request.state, "fields", None):
                only_wanted(response, fields)
            new, at = response.status_code == 201, request.scope["path"]
            if versioned and 200 <= response.status_code < 300:
                record = orjson.loads(response.body)
                tag = etag.etag(record["version"], request.state.actor)
                unchanged = says_all and all(record.get(name) is None for name in by_themselves)
                if unchanged and request.method == "GET" and etag.is_among(tag, request.headers.get("if-none-match")):
                    return Response(status_code=304, headers={"ETag": tag})
                response.headers["ETag"] = tag
                at = f"{collection}/{record['id']}" if new else at
            if new and not (request.scope["query_string"] and _is_true(request, "dry_run")):
                response.headers.setdefault("Location", at)  # where a record is elsewhere, its route says where
            return response

        async def with_edge(request: Request) -> Response:
            try:
                # Not a dependency with `yield`: by default FastAPI ends those after the answer has left, even when the commit fails.
                async with AsyncExitStack() as request.state.open:
                    response = await answer(request)
                    tx: Tx | None = getattr(request.state, "tx", None)
                    if tx is not None:
                        await name_settled(tx, response)
                        idempotency.keep(request, tx, response)
            except idempotency.Replayed as replayed:
                await request.app.state.db.on_disk()  # the request that did it may still wait for that
                return replayed.response
            return response

        return with_edge
