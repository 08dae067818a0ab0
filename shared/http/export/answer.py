"""The answer to a request for a list as a file: all pages of the list, one after the other, with the caller's filters and view."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import Response

from shared.acts import who
from shared.auth.actor import Actor, Role
from shared.errors import Forbidden, Invalid
from shared.http.access_log import Reads
from shared.http.export.columns import columns_of
from shared.http.export.files import CSV, XLSX, Items, as_csv, as_xlsx
from shared.http.page import Page, item_of, want_fields
from shared.http.parameters import MOST
from shared.http.streamed import Streamed

EXPORT = who(Role.director, Role.admin, Role.finance, Role.sales_ops)
"""Who may take away all that they see; others what they own."""
FILES = {CSV: {"schema": {"type": "string"}}, XLSX: {"schema": {"type": "string", "format": "binary"}}}
"""What the OpenAPI document says beside the JSON of a list."""
_ENDINGS = {CSV: "csv", XLSX: "xlsx"}
_NOT_OF_FILES = ("cursor", "limit", "count")

Handle = Callable[[Request], Awaitable[Response]]


def is_list(route: APIRoute) -> bool:
    model = route.response_model
    return "GET" in (route.methods or ()) and isinstance(model, type) and issubclass(model, BaseModel) and issubclass(model, Page)


def file_asked(request: Request) -> str | None:
    """The media type of the file that the caller prefers to JSON."""
    best, found = 0.0, None
    for given in request.headers.get("accept", "").split(","):
        name, *parameters = (part.strip().lower() for part in given.split(";"))
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        weight = float(quality) if quality.replace(".", "", 1).isdigit() else 0.0
        if weight > best:
            best, found = weight, name
    return found if found in _ENDINGS else None


async def export(route: APIRoute, request: Request, form: str, handle: Handle) -> Response:
    """The whole list as a file. The first page is read before the answer begins, so that a refusal is one."""
    by: Actor = request.state.actor
    _check(route, request, by)
    fields = ",".join(request.query_params.getlist("fields"))
    if "fields" in request.query_params:
        want_fields(request, fields)
    columns = columns_of(item_of(route.response_model), dict.fromkeys(fields.split(",")) if fields else None)
    read = _Read(request, handle)
    pages = read.pages(await read.page(None))
    name = request.scope["path"].rpartition("/")[2]
    zone = request.app.state.settings.zone
    pieces = as_csv(columns, pages) if form == CSV else as_xlsx(columns, pages, name, zone)
    reads = Reads(f"{route.name}.{_ENDINGS[form]}", None, frozenset(), always=True)

    def ended() -> None:
        request.state.records = read.records
        request.app.state.access_log.note(reads, request, response)

    response = Streamed(pieces, form, first=await anext(pieces), ended=ended)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{_ENDINGS[form]}"'
    return response


def _check(route: APIRoute, request: Request, by: Actor) -> None:
    for name in _NOT_OF_FILES:
        if name in request.query_params:
            raise Invalid("A file is the whole list: leave this out, and narrow it by filters.", pointer=name, code="bad_parameter")
    if not EXPORT.may_ever(by) and set(request.query_params.getlist("owner_id")) not in ({"me"}, {str(by.id)}):
        raise Forbidden("Files of all that you see are for director, finance and sales operations. Ask for your own rows: owner_id=me.")


class _Read:
    """The pages of a list, each read by the list's own route in a transaction of its own."""

    def __init__(self, request: Request, handle: Handle) -> None:
        self._request, self._handle = request, handle
        self._asked = [(name, text) for name, text in request.query_params.multi_items() if name != "fields"]
        self.records = 0

    async def page(self, cursor: str | None) -> dict[str, Any]:
        query = [*self._asked, ("limit", str(MOST)), *([("cursor", cursor)] if cursor else [])]
        async with AsyncExitStack() as opened, AsyncExitStack() as inner, AsyncExitStack() as function:
            scope = {**self._request.scope, "query_string": urlencode(query).encode()}
            scope["state"] = {**scope["state"], "open": opened}
            scope |= {"fastapi_inner_astack": inner, "fastapi_function_astack": function}
            answered = await self._handle(Request(scope, self._request.receive))
            page: dict[str, Any] = orjson.loads(answered.body)
        self.records += len(page["items"])
        return page

    async def pages(self, page: dict[str, Any]) -> AsyncIterator[Items]:
        """This page and all that follow."""
        while True:
            yield page["items"]
            if page["next_cursor"] is None:
                return
            page = await self.page(page["next_cursor"])
