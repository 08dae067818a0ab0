"""The routes of an import: upload, progress, problems, cancel, resume.

One router per kind of thing, the same for all.
"""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, create_model
from sqlalchemy import bindparam, select
from starlette.responses import Response, StreamingResponse

from shared.acts import Act
from shared.auth import CurrentActor
from shared.db.database import Database
from shared.db.query import Query as Statement
from shared.db.tables import IMPORT_JOB
from shared.db.tx import Tx
from shared.errors import NotFound
from shared.http.access_log import logged
from shared.http.edge import ClinchRoute, InTx, Reading
from shared.http.idempotency import IdempotencyKey
from shared.http.permit import permitted
from shared.imports import upload
from shared.imports.check import Finding, ImportCheck, Refusal
from shared.imports.idle import wake
from shared.imports.importer import Importer
from shared.imports.job import GET, LOCK, restart, save
from shared.imports.options import Options, chosen, options_of
from shared.imports.record import ImportState, Job

_NAMES = tuple(Job.__dataclass_fields__)
_RECENT = Statement(
    select(*[IMPORT_JOB.c[n] for n in _NAMES])
    .where(IMPORT_JOB.c.things == bindparam("things"), IMPORT_JOB.c.state != ImportState.CHECKING.value)
    .order_by(IMPORT_JOB.c.created_at.desc(), IMPORT_JOB.c.id)
    .limit(bindparam("limit")),
    Job,
)
_FIRST = "SELECT bytes FROM import_chunk WHERE job_id = $1 AND start = 0"
_PROBLEMS = """
SELECT line, n, kind, field, code, message FROM import_problem
WHERE job_id = $1 AND (line, n) > ($2, $3) ORDER BY line, n LIMIT 1000
"""


class ImportOut(BaseModel):
    """`bytes_done` of `bytes_total` is the progress.

    `flagged` rows are imported, and odd; `refused` ones are not.

    A job that is `refused` has imported nothing: `error` says why, `refusal` which option to give to `resume`.
    """

    id: UUID
    things: str
    state: ImportState
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
    things, acts = importer.things, importer.acts
    router = APIRouter(prefix=f"/v1/imports/{things}", tags=["imports"], route_class=ClinchRoute, dependencies=[permitted(acts.read)])
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
    async def take_file(
        request: Request,
        response: Response,
        by: CurrentActor,
        given: Annotated[asked, Query()],
        key: IdempotencyKey,
    ) -> Job | Response:
        """Import a file of rows (CSV, XLSX or XLS), sent as the body.

        Answers when the file is stored; the job's page shows how far it is.

        `dry_run=true` reads the whole file and takes no row: the answer (200) shows what fills each field, ten rows as they would be,
        and all problems. It stores nothing.
        """
        db: Database = request.app.state.db
        options = chosen(importer, given, request.app.state.settings, by)
        if given.dry_run:
            found = await upload.only_checked(request, db, importer, by, options)
            return Response(found.model_dump_json(), 200, media_type="application/json")
        known = await upload.known(request, db, by, key, options) if key else None
        job = known or await upload.store(request, db, importer, by, options, key=key)
        response.headers["Location"] = f"/v1/imports/{things}/{job.id}"
        return job

    @router.get("", name=f"list_{things}_imports", response_model=ImportList)
    async def recent(db: Reading, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> dict[str, Sequence[Job]]:
        """The latest imports, newest first."""
        return {"items": await db.all(_RECENT, things=things, limit=limit)}

    @router.get("/{import_id}", name=f"get_{things}_import", response_model=ImportOut)
    async def get(import_id: UUID, db: Reading) -> Job:
        return _found(await db.first(GET, id=import_id), things)

    @router.get(
        "/{import_id}/problems.csv",
        name=f"get_{things}_import_problems",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    @logged
    async def problems(import_id: UUID, request: Request) -> StreamingResponse:
        """Every refused and flagged row as CSV: line, kind, field, code, message."""
        db: Database = request.app.state.db
        async with db.read() as reading:
            _found(await reading.first(GET, id=import_id), things)
        return StreamingResponse(_problem_lines(db, import_id), media_type="text/csv; charset=utf-8")

    @router.post("/{import_id}/cancel", name=f"cancel_{things}_import", response_model=ImportOut)
    async def cancel(import_id: UUID, tx: InTx) -> Job:
        """Stop after the current batch. What is imported stays; `resume` continues from there."""
        return await _turn(tx, await _locked(tx, import_id, acts.cancel), ImportState.CANCELLED)

    @router.post("/{import_id}/resume", name=f"resume_{things}_import", response_model=ImportOut)
    async def resume(import_id: UUID, tx: InTx, given: Annotated[ways, Query()]) -> Job:
        """Continue a cancelled, refused or failed import where it stopped, with other options if you give any.

        Options that are left out stay as they were. When one is different now, the file is read again from its beginning: rows that
        are in stay, and are unchanged where they say the same.
        """
        job = await _locked(tx, import_id, acts.resume)
        if given.model_fields_set:
            options = chosen(importer, given, tx.settings, tx.actor, before=job.options)
            if options != job.options:
                header = upload.header(importer, options, await tx.value(_FIRST, import_id) or b"")
                wake(things)
                return await restart(tx, job, options, header)
        wake(things)
        return await _turn(tx, job, ImportState.QUEUED)

    async def _locked(tx: Tx, id: UUID, act: Act[Job, None]) -> Job:
        job = _found(await tx.first(LOCK, id=id), things)
        act.check(job, tx.actor)
        return job

    return router


def _also_dry(options: type[Options]) -> type[Options]:
    says = "Look at the whole file and store nothing."
    return create_model("Asked", __base__=options, dry_run=(bool, Field(False, description=says)))


def _found(job: Job | None, things: str) -> Job:
    if job is None or job.things != things:
        raise NotFound("There is no such import.")
    return job


async def _turn(tx: Tx, job: Job, to: ImportState) -> Job:
    found = job.found if job.form else None
    job = replace(job, state=to, error=None, finished_at=tx.now if to is ImportState.CANCELLED else None, found=found)
    await save(tx, job)
    return job


async def _problem_lines(db: Database, import_id: UUID) -> AsyncIterator[str]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["line", "kind", "field", "code", "message"])
    after = (0, -1)
    while True:
        async with db.read() as reading:
            found = await reading.rows(_PROBLEMS, import_id, *after)
        for row in found:
            writer.writerow([row["line"], row["kind"], row["field"], row["code"], row["message"]])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
        if len(found) < 1000:
            return
        after = (found[-1]["line"], found[-1]["n"])
