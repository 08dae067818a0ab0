"""The routes of an import: upload, progress, problems, cancel, resume. One router per kind of thing, the same for all."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, BaseModel, Field, ValidationError
from sqlalchemy import bindparam, insert, select, update
from starlette.responses import Response, StreamingResponse

from shared.auth import Actor, require
from shared.db import Context, Database, Tx
from shared.errors import Invalid, NotFound, Rejected
from shared.http.edge import ClinchRoute, InTx, Reading
from shared.http.idempotency import IdempotencyKey
from shared.ids import new_id
from shared.imports.dates import wrong_format
from shared.imports.encoding import ENCODINGS, sure
from shared.imports.format import decoded, delimiter_of, header_of, line_end_of
from shared.imports.job import DROP_UPLOAD, GET, LOCK, Importer, Job, State, reading, save
from shared.imports.mapping import mapping, pairs
from shared.imports.workbook import is_workbook
from shared.query import Query as Statement
from shared.sentences import sentence
from shared.settings import Settings
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


class Finding(BaseModel):
    """How the file is read: given, or found in the whole file."""

    what: str
    value: str
    why: str


class Refusal(BaseModel):
    """Which option settles how the file is to be read, and what to choose from."""

    code: str
    option: str
    candidates: list[str]


class ImportOut(BaseModel):
    """`bytes_done` of `bytes_total` is the progress. `flagged` rows are imported, and odd; `refused` ones are not.

    A job that is `refused` has imported nothing: `error` says why, `refusal` which option to give to `resume`.
    """

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
    findings: list[Finding]
    refusal: Refusal | None
    options: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None


class ImportList(BaseModel):
    items: list[ImportOut]


def _known_encoding(name: str) -> str:
    if name not in ENCODINGS:
        raise ValueError(f"not an encoding that is read; write one of {', '.join(ENCODINGS)}")
    return name


OneOfEncodings = Annotated[str, AfterValidator(_known_encoding), Field(json_schema_extra={"enum": list(ENCODINGS)})]


class Options(BaseModel):
    """How the file is to be read; what is not given is found out."""

    map: list[str] = Field([], description="`field=column`: which column fills which field. Columns named like a field need none.")
    set: list[str] = Field([], description="`field=value`: the same value for every row.")
    encoding: OneOfEncodings | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    sheet: str | None = Field(None, description="The sheet of a workbook; the first by default.")
    decimal: Literal[".", ","] | None = Field(None, description="The decimal mark of amounts; the other one groups digits.")
    date_format: list[str] = Field(
        [], description="strptime formats of the file's dates, or `excel` for serial numbers; ISO 8601 and other clear ones need none."
    )
    time_zone: str | None = Field(
        None, description="IANA zone of times that name none; the company's by default. A day without a time is a day of the company's."
    )


_FILE_TYPES = (
    "text/csv",
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-excel",
)
_FILE_BODY = {
    "requestBody": {"required": True, "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _FILE_TYPES}},
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
        return await _turn(tx, import_id, things, State.CANCELLED, (State.QUEUED, State.READING, State.RUNNING))

    @router.post("/{import_id}/resume", name=f"resume_{things}_import", response_model=ImportOut)
    async def resume(import_id: UUID, tx: InTx, _: allowed) -> Job:
        """Go on with a cancelled, refused or failed import where it stopped."""
        return await _turn(tx, import_id, things, State.QUEUED, (State.CANCELLED, State.REFUSED, State.FAILED))

    return router


def _found(job: Job | None, things: str) -> Job:
    if job is None or job.things != things:
        raise NotFound("There is no such import.")
    return job


async def _turn(tx: Tx, id: UUID, things: str, to: State, allowed: tuple[State, ...]) -> Job:
    job = _found(await tx.first(LOCK, id=id), things)
    if job.state not in allowed:
        raise Rejected(f"The import is {job.state}.", code="wrong_state")
    found = job.found if job.form else None
    job = replace(job, state=to, error=None, finished_at=tx.now if to is State.CANCELLED else None, found=found)
    await save(tx, job)
    return job


async def _store(request: Request, db: Database, importer: Importer, by: Actor, given: Options, key: str | None) -> Job:
    """The upload: the header is checked first, then the file goes into the database piece by piece."""
    settings = request.app.state.settings
    pieces = _pieces(request)
    first = await anext(pieces, b"")
    chosen = {
        "map": pairs(given.map, "map", importer.fields),
        "set": pairs(given.set, "set", importer.fields),
        "encoding": given.encoding,
        "delimiter": given.delimiter,
        "sheet": given.sheet,
        "decimal": given.decimal,
        "date_formats": _formats(given.date_format),
        "time_zone": _zone(given.time_zone or settings.time_zone),
    }
    header = _checked(importer, chosen, first)
    _fit(importer, chosen, settings)
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


def _checked(importer: Importer, chosen: dict[str, Any], first: bytes) -> list[str]:
    """The header, when the first piece leaves no doubt about its encoding; else the first pass looks at it."""
    encoding = chosen["encoding"] or sure(first)
    if is_workbook(first) or encoding is None or encoding.startswith("utf-16"):
        return []
    lines = decoded(first, encoding, line_end_of(first.count(b"\r") - first.count(b"\r\n"), first.count(b"\n")))
    delimiter = chosen["delimiter"] or delimiter_of(lines, {*chosen["map"].values(), *importer.fields})
    header = header_of(lines, delimiter)
    mapping(importer.fields, chosen["map"], chosen["set"], header)
    return header


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid("There is no such time zone; write for example Asia/Shanghai.", pointer="time_zone", code="unknown_zone") from None
    return name


def _formats(given: Sequence[str]) -> list[str]:
    for form in given:
        if wrong := wrong_format(form):
            raise Invalid(f"The date format {wrong}.", pointer="date_format", code="bad_format")
    return list(given)


def _fit(importer: Importer, chosen: dict[str, Any], settings: Settings) -> None:
    """A constant that no row could have is refused now, not once per row."""
    constants = chosen["set"]
    try:
        importer.row.model_validate(constants, context=reading(chosen, {}, settings) | {"currency": constants.get("currency")})
    except ValidationError as error:
        for wrong in error.errors():
            if wrong["loc"] and wrong["loc"][0] in constants and wrong["type"] != "missing":
                message = f"{wrong['loc'][0]}: {sentence(wrong)}"
                raise Invalid(message, pointer="set", code="bad_value") from None


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
