"""The routes of an import: upload, progress, problems, cancel, resume. One router per kind of thing, the same for all."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from sqlalchemy import bindparam, insert, select, update
from starlette.responses import Response, StreamingResponse

from shared.auth import Actor, require
from shared.db import Context, Database, Tx
from shared.errors import Invalid, NotFound, Rejected
from shared.http.edge import ClinchRoute, InTx, Reading
from shared.http.idempotency import IdempotencyKey
from shared.ids import new_id
from shared.imports.format import Dates, detect, header_of
from shared.imports.job import DROP_UPLOAD, GET, LOCK, Importer, Job, State, save
from shared.query import Query as Statement
from shared.tables import IMPORT_CHUNK, IMPORT_JOB
from shared.telemetry import trace_id

CHUNK = 256 * 1024
"""Bytes of the file that the API holds at a time."""

_NAMES = tuple(Job.__dataclass_fields__)
_START = Statement(insert(IMPORT_JOB).values({n: bindparam(n) for n in _NAMES}), int)
_KEEP = Statement(insert(IMPORT_CHUNK).values(job_id=bindparam("job_id"), start=bindparam("start"), bytes=bindparam("bytes")), int)
_UPLOADED = Statement(
    update(IMPORT_JOB).where(IMPORT_JOB.c.id == bindparam("_id")).values(state=State.QUEUED.value, bytes_total=bindparam("bytes_total")),
    int,
)
_BY_KEY = Statement(
    select(*[IMPORT_JOB.c[n] for n in _NAMES]).where(
        IMPORT_JOB.c.actor_id == bindparam("actor_id"), IMPORT_JOB.c.idempotency_key == bindparam("key")
    ),
    Job,
)
_RECENT = Statement(
    select(*[IMPORT_JOB.c[n] for n in _NAMES])
    .where(IMPORT_JOB.c.things == bindparam("things"))
    .order_by(IMPORT_JOB.c.created_at.desc(), IMPORT_JOB.c.id)
    .limit(bindparam("limit")),
    Job,
)
_PROBLEMS = """
SELECT line, n, kind, field, code, message FROM import_problem
WHERE job_id = $1 AND (line, n) > ($2, $3) ORDER BY line, n LIMIT 1000
"""


class ImportOut(BaseModel):
    """`bytes_done` of `bytes_total` is the progress. `flagged` rows are imported, and odd; `refused` ones are not."""

    id: UUID
    things: str
    state: State
    bytes_total: int
    bytes_done: int
    line: int
    rows: int
    created: int
    updated: int
    unchanged: int
    refused: int
    flagged: int
    error: str | None
    options: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None


class ImportList(BaseModel):
    items: list[ImportOut]


class Options(BaseModel):
    """How the file is to be read; what is not given is found out."""

    map: list[str] = Field([], description="`field=column`: which column fills which field. Columns named like a field need none.")
    set: list[str] = Field([], description="`field=value`: the same value for every row.")
    encoding: Literal["utf-8", "utf-8-bom", "gb18030"] | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    date_format: list[str] = Field([], description="strptime formats of the file's dates; ISO 8601 and other clear ones need none.")
    time_zone: str | None = Field(None, description="IANA zone of times that name none; the company's by default.")


_FILE_BODY = {
    "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}},
}


def imports_router(importer: Importer) -> APIRouter:
    things = importer.things
    router = APIRouter(prefix=f"/v1/imports/{things}", tags=["imports"], route_class=ClinchRoute)
    allowed = Annotated[Actor, Depends(require(*importer.roles))]

    @router.post("", name=f"import_{things}", status_code=202, response_model=ImportOut, openapi_extra=_FILE_BODY)
    async def upload(
        request: Request, response: Response, by: allowed, given: Annotated[Options, Query()], key: IdempotencyKey = None
    ) -> Job:
        """Import a CSV file, sent as the body. Answers when the file is stored; the job's page shows how far it is."""
        db: Database = request.app.state.db
        if key:
            async with db.read() as reading:
                known = await reading.first(_BY_KEY, actor_id=by.id, key=key)
                if known is not None and known.state is not State.UPLOADING:
                    return known
                if known is not None:  # cut off before the file was whole: it is sent again
                    await reading.conn.execute(DROP_UPLOAD, [known.id])
        job = await _store(request, db, importer, by, given, key)
        response.headers["Location"] = f"/v1/imports/{things}/{job.id}"
        return job

    @router.get("", name=f"list_{things}_imports", response_model=ImportList)
    async def recent(db: Reading, _: allowed, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> dict[str, Sequence[Job]]:
        """The latest imports, newest first."""
        return {"items": await db.all(_RECENT, things=things, limit=limit)}

    @router.get("/{import_id}", name=f"get_{things}_import", response_model=ImportOut)
    async def get(import_id: UUID, db: Reading, _: allowed) -> Job:
        return _found(await db.first(GET, id=import_id), things)

    @router.get("/{import_id}/problems.csv", name=f"get_{things}_import_problems", response_class=StreamingResponse)
    async def problems(import_id: UUID, request: Request, _: allowed) -> StreamingResponse:
        """Every refused and flagged row as CSV: line, kind, field, code, message."""
        db: Database = request.app.state.db
        async with db.read() as reading:
            _found(await reading.first(GET, id=import_id), things)
        return StreamingResponse(_problem_lines(db, import_id), media_type="text/csv; charset=utf-8")

    @router.post("/{import_id}/cancel", name=f"cancel_{things}_import", response_model=ImportOut)
    async def cancel(import_id: UUID, tx: InTx, _: allowed) -> Job:
        """Stop after the current batch. What is imported stays; `resume` goes on from there."""
        return await _turn(tx, import_id, things, State.CANCELLED, (State.QUEUED, State.RUNNING))

    @router.post("/{import_id}/resume", name=f"resume_{things}_import", response_model=ImportOut)
    async def resume(import_id: UUID, tx: InTx, _: allowed) -> Job:
        """Go on with a cancelled or failed import where it stopped."""
        return await _turn(tx, import_id, things, State.QUEUED, (State.CANCELLED, State.FAILED))

    return router


def _found(job: Job | None, things: str) -> Job:
    if job is None or job.things != things:
        raise NotFound("There is no such import.")
    return job


async def _turn(tx: Tx, id: UUID, things: str, to: State, allowed: tuple[State, ...]) -> Job:
    job = _found(await tx.first(LOCK, id=id), things)
    if job.state not in allowed:
        raise Rejected(f"The import is {job.state}.", code="wrong_state")
    job = replace(job, state=to, error=None, finished_at=tx.now if to is State.CANCELLED else None)
    await save(tx, job)
    return job


async def _store(request: Request, db: Database, importer: Importer, by: Actor, given: Options, key: str | None) -> Job:
    """The upload: the header is checked first, then the file goes into the database piece by piece."""
    settings = request.app.state.settings
    pieces = _pieces(request)
    first = await anext(pieces, b"")
    form = detect(first, given.encoding, given.delimiter)
    header = header_of(first, form)
    chosen = {
        "map": _mapping(importer, given.map, header),
        "set": _constants(importer, given.set),
        "encoding": form.encoding,
        "delimiter": form.delimiter,
        "date_formats": given.date_format,
        "time_zone": _zone(given.time_zone or settings.time_zone),
    }
    _needed(importer, chosen)
    _fit(importer, chosen)
    now = request.app.state.clock()
    job = Job(
        id=new_id(), things=importer.things, state=State.UPLOADING, options=chosen, columns=header, bytes_total=0, bytes_done=0, line=0,
        created=0, updated=0, unchanged=0, refused=0, flagged=0, error=None, actor_id=by.id, actor_roles=sorted(by.roles),
        correlation_id=trace_id(request.scope), idempotency_key=key, created_at=now, finished_at=None,
    )  # fmt: skip
    context = Context(request.app.state.service, by, now, job.correlation_id)
    async with db.begin(context) as tx:
        await tx.run(_START, **{n: getattr(job, n) for n in _NAMES})
    size, piece = 0, first
    while piece:
        async with db.begin(context) as tx:
            await tx.run(_KEEP, job_id=job.id, start=size, bytes=piece)
        size += len(piece)
        piece = await anext(pieces, b"")
    async with db.begin(context) as tx:
        await tx.run(_UPLOADED, _id=job.id, bytes_total=size)
        return _found(await tx.first(GET, id=job.id), importer.things)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    held = bytearray()
    async for part in request.stream():
        held += part
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)


def _pairs(given: Sequence[str], what: str, importer: Importer) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not value:
            raise Invalid(f"Write {what} as field={'column' if what == 'map' else 'value'}.", pointer=what, code="bad_pair")
        if name not in importer.fields:
            raise Invalid(f"There is no such field; the fields are {', '.join(importer.fields)}.", pointer=what, code="unknown_field")
        pairs[name] = value
    return pairs


def _mapping(importer: Importer, given: Sequence[str], header: Sequence[str]) -> dict[str, str]:
    mapping = _pairs(given, "map", importer)
    for column in mapping.values():
        if column not in header:
            raise Invalid(f"The file has no such column; its columns are {', '.join(header)}.", pointer="map", code="unknown_column")
    return {name: name for name in importer.fields if name in header and name not in mapping} | mapping


def _constants(importer: Importer, given: Sequence[str]) -> dict[str, str]:
    return _pairs(given, "set", importer)


def _zone(name: str) -> str:
    try:
        Dates.of((), name)
    except (KeyError, ValueError, OSError):
        raise Invalid("There is no such time zone; write for example Asia/Shanghai.", pointer="time_zone", code="unknown_zone") from None
    return name


def _needed(importer: Importer, chosen: dict[str, Any]) -> None:
    missing = [n for n, f in importer.fields.items() if f.is_required() and n not in chosen["map"] and n not in chosen["set"]]
    if missing:
        raise Invalid(f"No column fills {', '.join(missing)}; add map={missing[0]}=<column>.", pointer="map", code="missing_field")


def _fit(importer: Importer, chosen: dict[str, Any]) -> None:
    """A constant that no row could have is refused now, not once per row."""
    for name, value in chosen["set"].items():
        try:
            field: Any = Annotated[importer.fields[name].annotation, importer.fields[name]]
            TypeAdapter(field).validate_python(value, context={"dates": Dates.of(tuple(chosen["date_formats"]), chosen["time_zone"])})
        except ValidationError as error:
            raise Invalid(f"{name}: {error.errors()[0]['msg']}", pointer="set", code="bad_value") from None


async def _problem_lines(db: Database, import_id: UUID) -> AsyncIterator[str]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["line", "kind", "field", "code", "message"])
    after = (0, -1)
    while True:
        async with db.read() as reading:
            found = await reading.conn.fetch(_PROBLEMS, import_id, *after)
        for row in found:
            writer.writerow([row["line"], row["kind"], row["field"], row["code"], row["message"]])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
        if len(found) < 1000:
            return
        after = (found[-1]["line"], found[-1]["n"])
