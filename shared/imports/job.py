"""The worker's part of an import: batch after batch, each in one transaction with the new position."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import bindparam, delete, insert, select, update

from shared.clock import Clock
from shared.db.context import Context
from shared.db.database import Database
from shared.db.query import Query, columns, rows_param
from shared.db.tables import IMPORT_CHUNK, IMPORT_JOB, IMPORT_PROBLEM
from shared.db.tx import Tx
from shared.imports.ahead import Ahead, Batch
from shared.imports.columns import Unsettled
from shared.imports.idle import Idle
from shared.imports.importer import Importer
from shared.imports.outcome import Problem
from shared.imports.prepared import prepared_id
from shared.imports.record import ImportState, Job
from shared.imports.survey import Found, survey
from shared.imports.taking import checks, take_rows
from shared.process.outage import Outage, is_outage
from shared.process.settings import Settings

log = structlog.get_logger()

BATCH = 2000
"""Rows of one transaction."""
ATTEMPTS = 3


_JOB_COLUMNS = [IMPORT_JOB.c[n] for n in Job.__dataclass_fields__]
GET = Query(select(*_JOB_COLUMNS).where(IMPORT_JOB.c.id == bindparam("id")), Job)
_OPEN = Query(
    select(*_JOB_COLUMNS)
    .where((IMPORT_JOB.c.state == "queued") | (IMPORT_JOB.c.state == "reading") | (IMPORT_JOB.c.state == "running"))
    .where(IMPORT_JOB.c.things == bindparam("things"))
    .order_by(IMPORT_JOB.c.created_at)
    .limit(1)
    .with_for_update(skip_locked=True),
    Job,
)
_CLAIM = Query(select(*_JOB_COLUMNS).where(IMPORT_JOB.c.id == bindparam("id")).with_for_update(skip_locked=True), Job)
LOCK = Query(select(*_JOB_COLUMNS).where(IMPORT_JOB.c.id == bindparam("id")).with_for_update(), Job)
_MOVED = ("state", "bytes_done", "line", "created", "updated", "unchanged", "refused", "flagged", "flags", "error", "finished_at", "found")
_MOVE = Query(update(IMPORT_JOB).where(IMPORT_JOB.c.id == bindparam("_id")).values({n: bindparam(n) for n in _MOVED}), Job)
_SURVEYED = Query(
    update(IMPORT_JOB)
    .where(IMPORT_JOB.c.id == bindparam("_id"))
    .values({n: bindparam(n) for n in ("state", "found", "columns", "bytes_total", "error", "finished_at")}),
    Job,
)
_PROBLEM_COLUMNS = ("job_id", "line", "n", "kind", "field", "code", "message")
_given = rows_param(IMPORT_PROBLEM, *_PROBLEM_COLUMNS)
_NOTE_PROBLEMS = Query(insert(IMPORT_PROBLEM).from_select(_PROBLEM_COLUMNS, select(*[_given.c[n] for n in _PROBLEM_COLUMNS])), int)
_DROP_UPLOADS = """
WITH gone AS (
  DELETE FROM import_job j USING unnest($1::uuid[], $2::uuid[]) AS d (id, copy)
  WHERE j.id = d.id AND j.state IN ('uploading', 'checking') RETURNING d.id, d.copy
)
DELETE FROM import_chunk WHERE job_id IN (SELECT id FROM gone UNION ALL SELECT copy FROM gone)
"""
_CUT_OFF = "SELECT id FROM import_job WHERE state IN ('uploading', 'checking') AND created_at < $1"
_DROP_FILE = Query(delete(IMPORT_CHUNK).where(IMPORT_CHUNK.c.job_id == bindparam("id")), int)
_ALONE = "SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, 0))"
"""Two workers do not survey one file. The job's row stays free for who cancels it."""


async def drop_uploads(conn: Any, ids: Sequence[UUID]) -> None:
    """Forget files that were never whole, or only looked at, with their second copies."""
    await conn.execute(_DROP_UPLOADS, ids, [prepared_id(id) for id in ids])


async def forget_uploads(conn: Any, before: datetime) -> None:
    """Drop what was begun before then and cut off."""
    await drop_uploads(conn, [row["id"] for row in await conn.fetch(_CUT_OFF, before)])


async def save(tx: Tx, job: Job) -> None:
    await tx.run(_MOVE, _id=job.id, **{n: getattr(job, n) for n in _MOVED})


async def run(importer: Importer, db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """The worker's loop: one job at a time, oldest first; other workers take other jobs.

    A database that is away is waited for, and so is one that does not even tell which job is next. A batch that fails is taken again
    in halves, so that a row that cannot be stored is refused alone. What fails even so is tried three times, then the job fails at
    that place: what came before is kept, and `resume` tries again.
    """
    outage = Outage("imports", things=importer.things)
    ahead = Ahead(db)
    idle = Idle(importer.things)
    failures = 0
    while not stop.is_set():
        job = None
        try:
            async with db.read() as reading:
                job = await reading.first(_OPEN, things=importer.things)
            moved = False
            if job is not None and job.form is None:
                moved = await _survey(importer, db, clock, job)
            elif job is not None:
                batch = await ahead.next(job, partial(checks, importer, job, settings), BATCH)
                moved = await _step(importer, db, settings, clock, job, batch, carefully=failures > 0)
            outage.over()
            failures = 0
            if moved:
                idle.over()
            else:
                await ahead.forget()
                await idle.wait(stop)
        except Exception as error:
            await ahead.forget()
            if job is None or is_outage(error):
                await outage.wait(error, stop)
                continue
            failures += 1
            say = log.warning if failures == 1 else log.error
            say("import_batch_failed", things=importer.things, job=str(job.id), attempt=failures, error=type(error).__name__)
            if failures == ATTEMPTS:
                await _fail(db, clock, importer, job)
                failures = 0
        except BaseException:
            await ahead.forget()
            raise
    await ahead.forget()


async def _fail(db: Database, clock: Clock, importer: Importer, job: Job) -> None:
    async with db.begin(Context(f"{importer.things}-import", job.actor, clock(), job.correlation_id)) as tx:
        locked = await tx.one(LOCK, id=job.id)
        where = f"The rows after line {locked.line} could not be imported because of an error on our side; it is in the log."
        await save(tx, replace(locked, state=ImportState.FAILED, error=where, finished_at=tx.now))


async def _survey(importer: Importer, db: Database, clock: Clock, job: Job) -> bool:
    """The first pass over the file. False when another worker is at it."""
    context = Context(f"{importer.things}-import", job.actor, clock(), job.correlation_id)
    async with db.begin(context) as tx:
        locked = await tx.one(LOCK, id=job.id)
        if locked.state is ImportState.QUEUED:
            await save(tx, replace(locked, state=ImportState.READING))
    async with db.begin(context) as tx:
        if not await tx.value(_ALONE, str(job.id)):
            return False
        try:
            read: Found | Unsettled = await survey(tx, job.id, job.options, importer.fields, tx.now.year)
        except Unsettled as unsettled:
            read = unsettled
        locked = await tx.one(LOCK, id=job.id)
        if locked.state is ImportState.READING and locked.options == job.options:
            await _surveyed(tx, locked, read)
    return True


async def _surveyed(tx: Tx, job: Job, read: Found | Unsettled) -> None:
    if isinstance(read, Unsettled):
        refusal = {"code": read.code, "option": read.option, "candidates": read.candidates}
        after = replace(job, state=ImportState.REFUSED, found={"refusal": refusal}, error=read.message, finished_at=tx.now)
    else:
        found = {"form": read.form, "why": read.why}
        after = replace(job, state=ImportState.RUNNING, found=found, columns=read.columns, bytes_total=read.size)
    changed = ("state", "found", "columns", "bytes_total", "error", "finished_at")
    await tx.run(_SURVEYED, _id=job.id, **{n: getattr(after, n) for n in changed})


async def _step(importer: Importer, db: Database, settings: Settings, clock: Clock, job: Job, batch: Batch, *, carefully: bool) -> bool:
    """One batch. False when another worker has the job."""
    context = Context(f"{importer.things}-import", job.actor, clock(), job.correlation_id)
    async with db.begin(context) as tx:
        claimed = await tx.first(_CLAIM, id=job.id)
        if claimed is None or claimed.state not in (ImportState.QUEUED, ImportState.RUNNING):
            return False
        if (claimed.bytes_done, claimed.options, claimed.form, claimed.columns) != (job.bytes_done, job.options, job.form, job.columns):
            return True  # somebody else has moved it since
        job = claimed
        outcome, refused = await take_rows(importer, tx, settings, job, batch.good, batch.problems, carefully=carefully)
        await _note(tx, job, outcome.problems)
        await save(
            tx,
            replace(
                job,
                state=ImportState.DONE if batch.last else ImportState.RUNNING,
                bytes_done=batch.position,
                line=batch.line,
                created=job.created + outcome.created,
                updated=job.updated + outcome.updated,
                unchanged=job.unchanged + outcome.unchanged,
                refused=job.refused + refused,
                flagged=job.flagged + outcome.flagged,
                flags=dict(Counter(job.flags) + outcome.flags),
                finished_at=tx.now if batch.last else None,
            ),
        )
        if batch.last:
            await tx.run(_DROP_FILE, id=job.id)
            await tx.run(_DROP_FILE, id=prepared_id(job.id))
    return True


_RESTART = Query(
    update(IMPORT_JOB).where(IMPORT_JOB.c.id == bindparam("_id")).values({n: bindparam(n) for n in ("options", "columns", *_MOVED)}),
    Job,
)
_FORGET_PROBLEMS = Query(delete(IMPORT_PROBLEM).where(IMPORT_PROBLEM.c.job_id == bindparam("id")), int)


async def restart(tx: Tx, job: Job, options: dict[str, Any], header: list[str]) -> Job:
    """Take the file from its beginning, read in another way.

    Rows that are in stay, and are unchanged where they are read the same.
    """
    nothing: dict[str, Any] = dict.fromkeys(("created", "updated", "unchanged", "refused", "flagged", "bytes_done", "line"), 0)
    again = replace(
        job,
        state=ImportState.QUEUED,
        options=options,
        columns=header,
        error=None,
        finished_at=None,
        found=None,
        flags={},
        **nothing,
    )
    await tx.run(_RESTART, _id=job.id, **{n: getattr(again, n) for n in ("options", "columns", *_MOVED)})
    await tx.run(_FORGET_PROBLEMS, id=job.id)
    await tx.run(_DROP_FILE, id=prepared_id(job.id))
    return again


async def _note(tx: Tx, job: Job, problems: Sequence[Problem]) -> None:
    if problems:
        noted = columns(problems, ("line", "kind", "field", "code", "message"))
        await tx.run(_NOTE_PROBLEMS, job_id=[job.id] * len(problems), n=list(range(len(problems))), **noted)
