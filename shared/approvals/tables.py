"""What reads and writes approvals and their steps."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from shared.approvals.record import Approval, Request, Step
from shared.db.query import Aggregate, Query, columns, is_in, rows_param
from shared.db.tables import APPROVAL, APPROVAL_STEP
from shared.db.tx import Reader, Tx

APPROVALS = Aggregate(APPROVAL, Approval, "approval")

_APPROVAL = [APPROVAL.c[n] for n in APPROVALS.names]
_NAMES = tuple(f.name for f in fields(Step))
_LATEST = Query(
    select(*_APPROVAL)
    .ext(distinct_on(APPROVAL.c.record_id))
    .where(APPROVAL.c.kind == bindparam("kind"), is_in(APPROVAL.c.record_id, "ids"))
    .order_by(APPROVAL.c.record_id, APPROVAL.c.id.desc()),
    Approval,
)
_IDS = Query(select(APPROVAL.c.id).where(APPROVAL.c.kind == bindparam("kind"), is_in(APPROVAL.c.record_id, "ids")), UUID)
_STEPS = Query(
    select(*[APPROVAL_STEP.c[n] for n in _NAMES])
    .where(is_in(APPROVAL_STEP.c.approval_id, "ids"))
    .order_by(APPROVAL_STEP.c.position, APPROVAL_STEP.c.id),
    Step,
)
_ADD = Query(insert(APPROVAL_STEP).values({n: bindparam(n) for n in _NAMES}), Step)
_CHANGES = ("state", "opened_at", "due_at", "escalated_at", "delegate_id", "decided_by", "decided_at")
_changed = rows_param(APPROVAL_STEP, "id", *_CHANGES)
_SAVE = Query(
    update(APPROVAL_STEP).where(APPROVAL_STEP.c.id == _changed.c.id).values({n: _changed.c[n] for n in _CHANGES}),
    Step,
)


async def latest(db: Reader, kind: str, record_ids: Sequence[UUID]) -> dict[UUID, Request]:
    """The last approval that was asked for of each record, by the record's id; two statements for all of them."""
    if not record_ids:
        return {}
    found = await db.all(_LATEST, kind=kind, ids=list(record_ids))
    return {request.approval.record_id: request for request in await _whole(db, found)}


async def get(db: Reader, approval_id: UUID) -> Request:
    """One approval."""
    (request,) = await _whole(db, [await db.get(APPROVALS, approval_id)])
    return request


async def ids_of(db: Reader, kind: str, record_ids: Sequence[UUID]) -> list[UUID]:
    """All approvals of these records: subjects of their history."""
    return await db.all(_IDS, kind=kind, ids=list(record_ids))


async def add_steps(tx: Tx, steps: Sequence[Step]) -> None:
    for step in steps:  # a handful; asyncpg takes lists of lists for arrays of two dimensions
        await tx.run(_ADD, **{n: getattr(step, n) for n in _NAMES})


async def save_steps(tx: Tx, steps: Sequence[Step]) -> None:
    if steps:
        await tx.run(_SAVE, **columns(steps, ("id", *_CHANGES)))


async def _whole(db: Reader, approvals: Sequence[Approval]) -> list[Request]:
    if not approvals:
        return []
    steps: dict[UUID, list[Step]] = defaultdict(list)
    for step in await db.all(_STEPS, ids=[approval.id for approval in approvals]):
        steps[step.approval_id].append(step)
    return [Request(approval, tuple(steps[approval.id])) for approval in approvals]
