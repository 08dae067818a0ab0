"""The file of an import on its way into the database, piece by piece; and a dry run, which lets it go again."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy import bindparam, insert, select, update

from shared.auth import Actor
from shared.db.context import Context
from shared.db.database import Database
from shared.db.query import Query as Statement
from shared.db.tables import IMPORT_CHUNK, IMPORT_JOB
from shared.errors import Invalid, Problem
from shared.ids import new_id
from shared.imports.check import ImportCheck, check
from shared.imports.encoding import sure
from shared.imports.format import decoded, delimiter_of, header_of, line_end_of
from shared.imports.idle import wake
from shared.imports.importer import Importer
from shared.imports.job import GET, drop_uploads
from shared.imports.mapping import mapping
from shared.imports.record import ImportState, Job
from shared.imports.workbook import is_workbook
from shared.process.telemetry import trace_id

CHUNK = 256 * 1024
"""Bytes of the file that the API holds at a time."""
MOST_CHECKED = 50 * 1024 * 1024
"""Bytes that a dry run looks at: its caller waits for the answer, and others for the same process."""
CHECKS_AT_ONCE = 2
"""Dry runs of one process. The others wait for their turn."""

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


class TooLarge(Problem):
    status = 413
    code = "too_large"
    title = "The body is too large"


async def known(request: Request, db: Database, by: Actor, key: str, options: dict[str, Any]) -> Job | None:
    """The job that this key made. `Invalid` when it was another file, or the same one with other options."""
    async with db.read() as reading:
        found = await reading.first(_BY_KEY, actor_id=by.id, key=key)
    if found is not None and found.state is ImportState.UPLOADING:  # cut off before the file was whole: it is sent again
        async with db.connection() as conn:
            await drop_uploads(conn, [found.id])
        return None
    if found is None or found.digest is None:
        return found
    digest = _digest_of(options)
    async for piece in request.stream():
        digest.update(piece)
    if digest.hexdigest() != found.digest:
        says = "This Idempotency-Key was used with another file or other options; use a new key."
        raise Invalid(says, pointer="Idempotency-Key", code="key_reused")
    return found


def _digest_of(options: dict[str, Any]) -> Any:
    return hashlib.sha256(json.dumps(options, sort_keys=True).encode() + b"\n")


async def only_checked(request: Request, db: Database, importer: Importer, by: Actor, options: dict[str, Any]) -> ImportCheck:
    """A dry run: the file is kept while it is looked at, and goes with its job, also when the caller does not wait for the answer."""
    state = request.app.state
    id = new_id()
    try:
        job = await store(request, db, importer, by, options, id=id, then=ImportState.CHECKING, most=MOST_CHECKED)
        if not hasattr(state, "import_checks"):
            state.import_checks = asyncio.Semaphore(CHECKS_AT_ONCE)
        async with state.import_checks:
            return await check(db, importer, state.settings, state.clock, job, request.is_disconnected)
    finally:
        async with db.connection() as conn:
            await drop_uploads(conn, [id])


async def store(
    request: Request,
    db: Database,
    importer: Importer,
    by: Actor,
    options: dict[str, Any],
    *,
    key: str | None = None,
    id: UUID | None = None,
    then: ImportState = ImportState.QUEUED,
    most: int | None = None,
) -> Job:
    """The upload: the header is checked first, then the file goes into the database piece by piece.

    `TooLarge` beyond `most` bytes.
    """
    _bounded(int(request.headers.get("content-length", "0")), most)
    pieces = _pieces(request)
    first = await anext(pieces, b"")
    now = request.app.state.clock()
    job = Job(
        id=id or new_id(), things=importer.things, state=ImportState.UPLOADING if then is ImportState.QUEUED else then, options=options,
        columns=header(importer, options, first), bytes_total=0, bytes_done=0, line=0, created=0, updated=0, unchanged=0, refused=0,
        flagged=0, error=None, actor_id=by.id, actor_roles=sorted(by.roles), correlation_id=trace_id(request.scope), idempotency_key=key,
        created_at=now, finished_at=None,
    )  # fmt: skip
    context = Context(request.app.state.service, by, now, job.correlation_id)
    async with db.begin(context) as tx:
        await tx.run(_START, **{n: getattr(job, n) for n in _NAMES})
    digest = _digest_of(options)
    size, piece = 0, first
    while piece:
        _bounded(size + len(piece), most)
        async with db.begin(context) as tx:
            await tx.run(_KEEP, job_id=job.id, start=size, bytes=piece)
        size += len(piece)
        digest.update(piece)
        piece = await anext(pieces, b"")
    async with db.begin(context) as tx:
        await tx.run(_UPLOADED, _id=job.id, state=then.value, bytes_total=size, digest=digest.hexdigest())
        stored = await tx.one(GET, id=job.id)
    wake(importer.things)
    return stored


def too_large(most: int = MOST_CHECKED) -> str:
    return f"A dry run looks at files of up to {most // 1024**2} MB; check the first rows of this one, or import it."


def _bounded(size: int, most: int | None) -> None:
    if most is not None and size > most:
        raise TooLarge(too_large(most))


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    held = bytearray()
    async for part in request.stream():
        held += part
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)


def header(importer: Importer, options: dict[str, Any], first: bytes) -> list[str]:
    """The columns, when the first piece leaves no doubt about its encoding; else the first pass looks at them."""
    encoding = options["encoding"] or sure(first)
    if is_workbook(first) or encoding is None or encoding.startswith("utf-16"):
        return []
    lines = decoded(first, encoding, line_end_of(first.count(b"\r") - first.count(b"\r\n"), first.count(b"\n")))
    delimiter = options["delimiter"] or delimiter_of(lines, {*options["map"].values(), *importer.fields})
    columns = header_of(lines, delimiter)
    mapping(importer.fields, options["map"], {*options["set"], *options["defaults"]}, columns)
    return columns
