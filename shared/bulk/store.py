"""Reading and writing jobs and what became of their records."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, insert, select, update

from shared.bulk.record import BulkJob, BulkOutcome, Outcome, Target
from shared.db.query import Query, columns, rows_param
from shared.db.tables import BULK_JOB, BULK_RECORD
from shared.db.tx import Tx

NAMES = tuple(BulkJob.__dataclass_fields__)
_job = select(*[BULK_JOB.c[n] for n in NAMES])
_open = _job.where((BULK_JOB.c.state == "queued") | (BULK_JOB.c.state == "running"))
NEXT = Query(
    _open.where(BULK_JOB.c.record == bindparam("record"))
    .order_by(BULK_JOB.c.moved_at, BULK_JOB.c.id)
    .limit(1)
    .with_for_update(skip_locked=True),
    BulkJob,
)
"""The job that has waited longest among those that no other worker is at: a long one holds up no short one."""
CLAIM = Query(_open.where(BULK_JOB.c.id == bindparam("id")).with_for_update(skip_locked=True), BulkJob)

_START = Query(insert(BULK_JOB).values({n: bindparam(n) for n in NAMES}), int)
_CHOSEN = ("job_id", "id", "version", "outcome")
_chosen = rows_param(BULK_RECORD, *_CHOSEN)
_CHOOSE = Query(insert(BULK_RECORD).from_select(_CHOSEN, select(*[_chosen.c[n] for n in _CHOSEN])), int)
_MOVED = ("state", "done", "refused", "after", "error", "moved_at", "started_at", "finished_at")
_MOVE = Query(update(BULK_JOB).where(BULK_JOB.c.id == bindparam("_id")).values({n: bindparam(n) for n in _MOVED}), int)
WAITING = Query(
    select(BULK_RECORD.c.id, BULK_RECORD.c.version)
    .where(BULK_RECORD.c.job_id == bindparam("job_id"), BULK_RECORD.c.id > bindparam("after", type_=Uuid))
    .order_by(BULK_RECORD.c.id)
    .limit(bindparam("room", type_=Integer)),
    Target,
)
_NOTE = """
UPDATE bulk_record r SET outcome = told.outcome, code = told.code, message = told.message, unmet = told.unmet
FROM jsonb_to_recordset($2::jsonb) AS told (id uuid, outcome text, code text, message text, unmet jsonb)
WHERE r.job_id = $1 AND r.id = told.id
"""
_FORGET = """
WITH old AS (SELECT id FROM bulk_job WHERE finished_at < $1 ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED),
     records AS (DELETE FROM bulk_record USING old WHERE job_id = old.id)
SELECT id FROM old
"""
_FORGET_JOBS = "DELETE FROM bulk_job WHERE id = ANY($1::uuid[])"


async def add(tx: Tx, job: BulkJob, chosen: Sequence[Target]) -> None:
    await tx.run(_START, **{n: getattr(job, n) for n in NAMES})
    many = len(chosen)
    await tx.run(_CHOOSE, job_id=[job.id] * many, outcome=[BulkOutcome.WAITING.value] * many, **columns(chosen, ("id", "version")))


async def save(tx: Tx, job: BulkJob) -> None:
    await tx.run(_MOVE, _id=job.id, **{n: getattr(job, n) for n in _MOVED})


async def note(tx: Tx, job: BulkJob, outcomes: Sequence[Outcome]) -> None:
    """Keep what became of these records."""
    await tx.execute(_NOTE, job.id, [{**asdict(one), "id": str(one.id)} for one in outcomes])


async def forget_old(conn: Any, before: datetime, most: int) -> int:
    """Forget jobs that ended before then, a batch of them; how many they were."""
    async with conn.transaction():
        old: list[UUID] = [row["id"] for row in await conn.fetch(_FORGET, before, most)]
        await conn.execute(_FORGET_JOBS, old)
    return len(old)
