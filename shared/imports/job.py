"""An import's state, and the worker's part: batch after batch, each in one transaction with the job's new position."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel, ValidationError
from sqlalchemy import bindparam, delete, insert, select, update

from shared.auth import Actor, Role
from shared.clock import Clock
from shared.db import Context, Database, Tx
from shared.imports.ahead import Ahead, Batch
from shared.imports.amounts import Amounts
from shared.imports.columns import Unsettled
from shared.imports.dates import Dates
from shared.imports.prepared import prepared_id
from shared.imports.rows import Row
from shared.imports.survey import Found, survey
from shared.outage import Outage, is_outage, pause
from shared.query import Query, columns, rows_param
from shared.sentences import sentence
from shared.settings import Settings
from shared.tables import IMPORT_CHUNK, IMPORT_JOB, IMPORT_PROBLEM

log = structlog.get_logger()

BATCH = 1000
"""Rows of one transaction."""
ATTEMPTS = 3


class State(StrEnum):
    UPLOADING = "uploading"
    QUEUED = "queued"
    READING = "reading"
    """The first pass over the file."""
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    """The file cannot be read, or in more than one way. Nothing of it is imported; `resume` goes on with other options."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    id: UUID
    things: str
    state: State
    options: dict[str, Any]
    columns: list[str]
    bytes_total: int
    bytes_done: int
    line: int
    created: int
    updated: int
    unchanged: int
    refused: int
    flagged: int
    error: str | None
    actor_id: UUID
    actor_roles: list[str]
    correlation_id: str
    idempotency_key: str | None
    created_at: datetime
    finished_at: datetime | None
    found: dict[str, Any] | None = None
    """What the first pass found: `form` for the reader, `why` for people, or `refusal`."""

    @property
    def findings(self) -> list[dict[str, str]]:
        return list((self.found or {}).get("why", []))

    @property
    def refusal(self) -> dict[str, Any] | None:
        return (self.found or {}).get("refusal")

    @property
    def form(self) -> dict[str, Any] | None:
        return (self.found or {}).get("form")

    @property
    def actor(self) -> Actor:
        return Actor.of(self.actor_id, [Role(r) for r in self.actor_roles])

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.refused


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong (`refused`) or odd (`flagged`) about a row."""

    line: int
    field: str
    code: str
    message: str
    kind: Literal["refused", "flagged"] = "refused"


@dataclass(slots=True)
class Outcome:
    """What became of a batch."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Importer:
    """What a service says about its imports: the form of a row, and the command that takes many of them at once.

    `take` gets (line, row) pairs in file order and never sees an `external_id` twice in a batch. It refuses a row by a problem,
    not by an exception: an exception fails the batch, which is then repeated.
    """

    things: str
    row: type[BaseModel]
    take: Callable[[Tx, Sequence[tuple[int, Any]], Settings], Awaitable[Outcome]]
    roles: tuple[Role, ...]
    key: str = "external_id"

    @property
    def fields(self) -> Mapping[str, Any]:
        return self.row.model_fields


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
_MOVED = ("state", "bytes_done", "line", "created", "updated", "unchanged", "refused", "flagged", "error", "finished_at", "found")
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
DROP_UPLOAD = """
WITH job AS (DELETE FROM import_job WHERE id = ANY($1::uuid[]) AND state = 'uploading' RETURNING id)
DELETE FROM import_chunk WHERE job_id IN (SELECT id FROM job)
"""
FORGET_UPLOADS = """
WITH job AS (DELETE FROM import_job WHERE state = 'uploading' AND created_at < $1::timestamptz - interval '1 day' RETURNING id)
DELETE FROM import_chunk WHERE job_id IN (SELECT id FROM job)
"""
_DROP_FILE = Query(delete(IMPORT_CHUNK).where(IMPORT_CHUNK.c.job_id == bindparam("id")), int)
_ALONE = "SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, 0))"
"""Two workers do not survey one file. The job's row stays free for who cancels it."""


async def save(tx: Tx, job: Job) -> None:
    await tx.run(_MOVE, _id=job.id, **{n: getattr(job, n) for n in _MOVED})


async def run(importer: Importer, db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """The worker's loop: one job at a time, oldest first; other workers take other jobs.

    A database that is away is waited for, and so is one that does not even tell which job is next. A batch that fails is tried
    three times, then the job fails at that place: what came before is kept, and `resume` tries again.
    """
    outage = Outage("imports", things=importer.things)
    ahead = Ahead(db)
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
                batch = await ahead.next(job, partial(validated, importer, job, settings), BATCH)
                moved = await _step(importer, db, settings, clock, job, batch)
            outage.over()
            failures = 0
            if not moved:
                await ahead.forget()
                await pause(0.3, stop)
        except Exception as error:
            await ahead.forget()
            if job is None or is_outage(error):
                await outage.wait(error, stop)
                continue
            failures += 1
            log.error("import_batch_failed", things=importer.things, attempt=failures, exc_info=error)
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
        await save(tx, replace(locked, state=State.FAILED, error=where, finished_at=tx.now))


async def _survey(importer: Importer, db: Database, clock: Clock, job: Job) -> bool:
    """The first pass over the file. False when another worker is at it."""
    context = Context(f"{importer.things}-import", job.actor, clock(), job.correlation_id)
    async with db.begin(context) as tx:
        locked = await tx.one(LOCK, id=job.id)
        if locked.state is State.QUEUED:
            await save(tx, replace(locked, state=State.READING))
    async with db.begin(context) as tx:
        if not await tx.conn.fetchval(_ALONE, str(job.id)):
            return False
        try:
            read: Found | Unsettled = await survey(tx.conn, job.id, job.options, importer.fields, tx.now.year)
        except Unsettled as unsettled:
            read = unsettled
        locked = await tx.one(LOCK, id=job.id)
        if locked.state is State.READING and locked.options == job.options:
            await _surveyed(tx, locked, read)
    return True


async def _surveyed(tx: Tx, job: Job, read: Found | Unsettled) -> None:
    if isinstance(read, Unsettled):
        refusal = {"code": read.code, "option": read.option, "candidates": read.candidates}
        after = replace(job, state=State.REFUSED, found={"refusal": refusal}, error=read.message, finished_at=tx.now)
    else:
        found = {"form": read.form, "why": read.why}
        after = replace(job, state=State.RUNNING, found=found, columns=read.columns, bytes_total=read.size)
    changed = ("state", "found", "columns", "bytes_total", "error", "finished_at")
    await tx.run(_SURVEYED, _id=job.id, **{n: getattr(after, n) for n in changed})


async def _step(importer: Importer, db: Database, settings: Settings, clock: Clock, job: Job, batch: Batch) -> bool:
    """One batch. False when another worker has the job."""
    context = Context(f"{importer.things}-import", job.actor, clock(), job.correlation_id)
    async with db.begin(context) as tx:
        claimed = await tx.first(_CLAIM, id=job.id)
        if claimed is None or claimed.state not in (State.QUEUED, State.RUNNING):
            return False
        if (claimed.bytes_done, claimed.options, claimed.form, claimed.columns) != (job.bytes_done, job.options, job.form, job.columns):
            return True  # somebody else has moved it since
        job = claimed
        outcome, refused = await _take(importer, tx, settings, batch)
        await _note(tx, job, outcome.problems)
        await save(
            tx,
            replace(
                job,
                state=State.DONE if batch.last else State.RUNNING,
                bytes_done=batch.position,
                line=batch.line,
                created=job.created + outcome.created,
                updated=job.updated + outcome.updated,
                unchanged=job.unchanged + outcome.unchanged,
                refused=job.refused + refused,
                flagged=job.flagged + len({p.line for p in outcome.problems if p.kind == "flagged"}),
                finished_at=tx.now if batch.last else None,
            ),
        )
        if batch.last:
            await tx.run(_DROP_FILE, id=job.id)
            await tx.run(_DROP_FILE, id=prepared_id(job.id))
    return True


async def _take(importer: Importer, tx: Tx, settings: Settings, batch: Batch) -> tuple[Outcome, int]:
    """Hand the good rows to the service's command, in parts without a repeated key."""
    total = Outcome(problems=list(batch.problems))
    part: dict[str, tuple[int, Any]] = {}

    async def hand_over() -> None:
        if part:
            made = await importer.take(tx, list(part.values()), settings)
            total.created += made.created
            total.updated += made.updated
            total.unchanged += made.unchanged
            total.problems += made.problems
            part.clear()

    for line, parsed in batch.good:
        key = getattr(parsed, importer.key)
        if key in part:
            await hand_over()
        part[key] = (line, parsed)
    await hand_over()
    return total, len({p.line for p in total.problems if p.kind == "refused"})


def reading(options: Mapping[str, Any], form: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """How dates and amounts are read: the context in which a row is validated."""
    zone = ZoneInfo(options["time_zone"])
    return {
        "dates": Dates(tuple(options["date_formats"]), zone, settings.zone, form.get("orders", {})),
        "amounts": Amounts(settings.reporting_currency, options.get("decimal"), form.get("marks", {})),
    }


def validated(importer: Importer, job: Job, settings: Settings, rows: Sequence[Row], problems: list[Problem]) -> list[tuple[int, Any]]:
    """The rows that fit the form; what is wrong with the others goes to `problems`, field by field."""
    mapped = (job.form or job.options)["map"]
    places = [(name, job.columns.index(column)) for name, column in mapped.items()]
    constants = job.options["set"]
    context = reading(job.options, job.form or {}, settings)
    width = len(job.columns)
    good: list[tuple[int, Any]] = []
    for row in rows:
        cells = row.cells
        fault = row.fault or (None if len(cells) == width else _wrong_width(cells, width))
        if fault:
            problems.append(Problem(row.line, "", "field_count" if row.fault is None else "unreadable_row", fault))
            continue
        if len(cells) < width:
            cells = cells + [""] * (width - len(cells))
        values = {name: text for name, place in places if (text := cells[place].strip())} | constants
        context["currency"] = values.get("currency")
        try:
            good.append((row.line, importer.row.model_validate(values, context=context)))
        except ValidationError as error:
            problems += [Problem(row.line, str(e["loc"][0]) if e["loc"] else "", e["type"], _message(e)) for e in error.errors()]
    return good


def _wrong_width(cells: Sequence[str], width: int) -> str | None:
    """Cells beyond the header must be empty, cells at the end may be missing; a single cell of many is a line broken in two."""
    if any(cell.strip() for cell in cells[width:]) or (len(cells) == 1 and width > 2):
        return f"the row has {len(cells)} fields, the header {width}"
    return None


def _message(error: Any) -> str:
    return "is empty, but needed" if error["type"] == "missing" else sentence(error)


async def _note(tx: Tx, job: Job, problems: Sequence[Problem]) -> None:
    if problems:
        noted = columns(problems, ("line", "kind", "field", "code", "message"))
        await tx.run(_NOTE_PROBLEMS, job_id=[job.id] * len(problems), n=list(range(len(problems))), **noted)
