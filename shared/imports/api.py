"""The routes of an import: upload, progress, problems, cancel, resume. One router per kind of thing, the same for all."""

import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field, create_model
from sqlalchemy import bindparam, insert, select, update
from starlette.responses import Response, StreamingResponse

from shared.auth import Actor, require
from shared.db import Context, Database, Tx
from shared.errors import Invalid, NotFound, Rejected
from shared.http.edge import ClinchRoute, InTx, Reading
from shared.http.idempotency import IdempotencyKey
from shared.ids import new_id
from shared.imports.check import Finding, ImportCheck, Refusal, check
from shared.imports.encoding import sure
from shared.imports.format import decoded, delimiter_of, header_of, line_end_of
from shared.imports.idle import wake
from shared.imports.job import DROP_UPLOAD, GET, LOCK, Importer, Job, State, restart, save
from shared.imports.mapping import mapping
from shared.imports.options import Options, chosen, options_of
from shared.imports.prepared import prepared_id
from shared.imports.workbook import is_workbook
from shared.query import Query as Statement
from shared.tables import IMPORT_CHUNK, IMPORT_JOB
from shared.telemetry import trace_id

CHUNK = 256 * 1024
"""Bytes of the file that the API holds at a time."""

_NAMES = tuple(Job.__dataclass_fields__)
_START = Statement(insert(IMPORT_JOB).values({n: bindparam(n) for n in _NAMES}), int)
_KEEP = Statement(insert(IMPORT_CHUNK).values(job_id=bindparam("job_id"), start=bindparam("start"), bytes=bindparam("bytes")), int)
_UPLOADED = Statement(
    update(IMPORT_JOB).where(IMPORT_JOB.c.id == bindparam("_id")).values({n: bindparam(n) for n in ("state", "bytes_total", "digest")}),
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
    .where(IMPORT_JOB.c.things == bindparam("things"), IMPORT_JOB.c.state != State.CHECKING.value)
    .order_by(IMPORT_JOB.c.created_at.desc(), IMPORT_JOB.c.id)
    .limit(bindparam("limit")),
    Job,
)
_FIRST = "SELECT bytes FROM import_chunk WHERE job_id = $1 AND start = 0"
RESUMABLE = (State.CANCELLED, State.REFUSED, State.FAILED)
_PROBLEMS = """
SELECT line, n, kind, field, code, message FROM import_problem
WHERE job_id = $1 AND (line, n) > ($2, $3) ORDER BY line, n LIMIT 1000
"""


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
    flags: dict[str, int] = Field(description="How many rows have each flag.")
    error: str | None
    findings: list[Finding]
    refusal: Refusal | None
    options: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None


class ImportList(BaseModel):
    items: list[ImportOut]


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
    ways: Any = options_of(importer)  # what may be asked differs by importer
    asked: Any = _also_dry(ways)

    @router.post(
        "",
        name=f"import_{things}",
        status_code=202,
        response_model=ImportOut,
        openapi_extra=_FILE_BODY,
        responses={200: {"model": ImportCheck, "description": "What a dry run has found."}},
    )
    async def upload(
        request: Request,
        response: Response,
        by: allowed,
        given: Annotated[asked, Query()],
        key: IdempotencyKey,
    ) -> Any:
        """Import a file of rows (CSV, XLSX or XLS), sent as the body. Answers when the file is stored; the job's page shows how far it is.

        `dry_run=true` reads the whole file and takes no row: the answer (200) shows what fills each field, ten rows as they would be,
        and all problems. It stores nothing.
        """
        db: Database = request.app.state.db
        options = chosen(importer, given, request.app.state.settings, by)
        if given.dry_run:
            found = await _checked_only(request, db, importer, by, options)
            return Response(found.model_dump_json(), 200, media_type="application/json")
        known = await _known(request, db, by, key, options) if key else None
        job = known or await _store(request, db, importer, by, options, key)
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
    async def resume(import_id: UUID, tx: InTx, by: allowed, given: Annotated[ways, Query()]) -> Job:
        """Go on with a cancelled, refused or failed import where it stopped, with other options if you give any.

        Options that are left out stay as they were. When one is different now, the file is read again from its beginning: rows that
        are in stay, and are unchanged where they say the same.
        """
        job = _found(await tx.first(LOCK, id=import_id), things)
        if given.model_fields_set and job.state in RESUMABLE:
            options = chosen(importer, given, tx.settings, by, before=job.options)
            if options != job.options:
                header = _header(importer, options, await tx.conn.fetchval(_FIRST, import_id) or b"")
                wake(things)
                return await restart(tx, job, options, header)
        wake(things)
        return await _turn(tx, import_id, things, State.QUEUED, RESUMABLE)

    return router


def _also_dry(options: type[Options]) -> type[Options]:
    says = "Look at the whole file and store nothing."
    return create_model("Asked", __base__=options, dry_run=(bool, Field(False, description=says)))


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


async def _known(request: Request, db: Database, by: Actor, key: str, options: dict[str, Any]) -> Job | None:
    """The job that this key made. `Invalid` when it was another file, or the same one with other options."""
    async with db.read() as reading:
        known = await reading.first(_BY_KEY, actor_id=by.id, key=key)
        if known is not None and known.state is State.UPLOADING:  # cut off before the file was whole: it is sent again
            await reading.conn.execute(DROP_UPLOAD, [known.id])
            return None
    if known is None or known.digest is None:
        return known
    digest = _digest_of(options)
    async for piece in request.stream():
        digest.update(piece)
    if digest.hexdigest() != known.digest:
        says = "This Idempotency-Key was used with another file or other options; use a new key."
        raise Invalid(says, pointer="Idempotency-Key", code="key_reused")
    return known


def _digest_of(options: dict[str, Any]) -> Any:
    return hashlib.sha256(json.dumps(options, sort_keys=True).encode() + b"\n")


async def _checked_only(request: Request, db: Database, importer: Importer, by: Actor, options: dict[str, Any]) -> ImportCheck:
    """A dry run: the file is kept while it is looked at, and goes with its job."""
    job = await _store(request, db, importer, by, options, None, State.CHECKING)
    try:
        return await check(db, importer, request.app.state.settings, request.app.state.clock, job)
    finally:
        async with db.connection() as conn:
            await conn.execute(DROP_UPLOAD, [job.id])
            await conn.execute("DELETE FROM import_chunk WHERE job_id = $1", prepared_id(job.id))


async def _store(
    request: Request, db: Database, importer: Importer, by: Actor, options: dict[str, Any], key: str | None, then: State = State.QUEUED
) -> Job:
    """The upload: the header is checked first, then the file goes into the database piece by piece."""
    pieces = _pieces(request)
    first = await anext(pieces, b"")
    header = _header(importer, options, first)
    now = request.app.state.clock()
    job = Job(
        id=new_id(), things=importer.things, state=State.UPLOADING if then is State.QUEUED else then, options=options, columns=header,
        bytes_total=0, bytes_done=0, line=0, created=0, updated=0, unchanged=0, refused=0, flagged=0, error=None, actor_id=by.id,
        actor_roles=sorted(by.roles), correlation_id=trace_id(request.scope), idempotency_key=key, created_at=now, finished_at=None,
    )  # fmt: skip
    context = Context(request.app.state.service, by, now, job.correlation_id)
    async with db.begin(context) as tx:
        await tx.run(_START, **{n: getattr(job, n) for n in _NAMES})
    digest = _digest_of(options)
    size, piece = 0, first
    while piece:
        async with db.begin(context) as tx:
            await tx.run(_KEEP, job_id=job.id, start=size, bytes=piece)
        size += len(piece)
        digest.update(piece)
        piece = await anext(pieces, b"")
    async with db.begin(context) as tx:
        await tx.run(_UPLOADED, _id=job.id, state=then.value, bytes_total=size, digest=digest.hexdigest())
        stored = _found(await tx.first(GET, id=job.id), importer.things)
    wake(importer.things)
    return stored


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    held = bytearray()
    async for part in request.stream():
        held += part
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)


def _header(importer: Importer, options: dict[str, Any], first: bytes) -> list[str]:
    """The header, when the first piece leaves no doubt about its encoding; else the first pass looks at it."""
    encoding = options["encoding"] or sure(first)
    if is_workbook(first) or encoding is None or encoding.startswith("utf-16"):
        return []
    lines = decoded(first, encoding, line_end_of(first.count(b"\r") - first.count(b"\r\n"), first.count(b"\n")))
    delimiter = options["delimiter"] or delimiter_of(lines, {*options["map"].values(), *importer.fields})
    header = header_of(lines, delimiter)
    mapping(importer.fields, options["map"], {*options["set"], *options["defaults"]}, header)
    return header


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
