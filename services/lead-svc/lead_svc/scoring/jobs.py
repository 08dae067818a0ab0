"""What a worker does for scores by itself: points that fall with time, and a new model on its way through all leads.

Both go by batches, each of them a transaction; two workers at the same batch score it twice, which changes nothing.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, insert, select, update

from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEAD, LEAD_SCORE, LEADS
from lead_svc.scoring.commands import score
from lead_svc.scoring.policy import POLICY
from lead_svc.scoring.record import Rescoring, RescoringState
from lead_svc.scoring.tables import RESCORING
from shared.auth import SYSTEM
from shared.clock import Clock
from shared.db.context import Context
from shared.db.database import Database
from shared.db.query import Query
from shared.db.tables import At
from shared.db.tx import Tx
from shared.ids import new_id
from shared.process.outage import Outage, every

LOOK_SECONDS = 1.0
BATCH = 1000
SETTLES = timedelta(seconds=5)
"""By then no process decides by an earlier document any more (`shared.policy.held`)."""

_FALLEN = Query(
    select(LEAD_SCORE.c.lead_id)
    .where(LEAD_SCORE.c.next_at <= bindparam("now", type_=At))
    .order_by(LEAD_SCORE.c.next_at)
    .limit(bindparam("most", type_=Integer)),
    UUID,
)
_FROM = Query(
    select(*[LEAD.c[n] for n in LEADS.names])
    .where(LEAD.c.id > bindparam("after", type_=Uuid), LEAD.c.captured_at.is_not(None))
    .order_by(LEAD.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(),
    Lead,
)
_LEFT = Query(
    select(LEAD_SCORE.c.lead_id)
    .where(LEAD_SCORE.c.policy_version != bindparam("policy_version", type_=Integer))
    .limit(bindparam("most", type_=Integer)),
    UUID,
)
_NAMES = tuple(Rescoring.__dataclass_fields__)
_run = select(*[RESCORING.c[n] for n in _NAMES])
_OF_VERSION = Query(_run.where(RESCORING.c.policy_version == bindparam("policy_version", type_=Integer)), Rescoring)
_MINE = Query(
    _run.where(RESCORING.c.policy_version == bindparam("policy_version", type_=Integer), RESCORING.c.finished_at.is_(None)).with_for_update(
        skip_locked=True
    ),
    Rescoring,
)
_BEGIN = Query(insert(RESCORING).values({n: bindparam(n) for n in _NAMES}), Rescoring)
_KEEP = Query(
    update(RESCORING)
    .where(RESCORING.c.id == bindparam("_id"))
    .values({n: bindparam(n) for n in ("state", "done", "mqls", "after", "finished_at")}),
    Rescoring,
)
_SUPERSEDE = """
UPDATE rescoring SET state = 'superseded', finished_at = $2 WHERE finished_at IS NULL AND policy_version <> $1
"""
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('rescoring', 0))"
_COUNT = "SELECT count(*) FROM lead WHERE captured_at IS NOT NULL"
_ANY = "SELECT EXISTS (SELECT FROM lead_score)"


async def run(db: Database, _: Any, clock: Clock, stop: asyncio.Event) -> None:
    """The worker's loop."""

    async def look() -> None:
        while not stop.is_set() and (await fall(db, clock) or await rescore(db, clock)):
            pass

    await every(LOOK_SECONDS, look, stop, Outage("scores", service=db.service or ""))


def _context(clock: Clock, what: str) -> Context:
    return Context("lead-svc", SYSTEM, clock(), f"score:{what}")


async def fall(db: Database, clock: Clock) -> bool:
    """Bring down a batch of scores whose time has come. False when none is left."""
    async with db.begin(_context(clock, "falls")) as tx:
        due = await tx.all(_FALLEN, now=tx.now, most=BATCH)
        if due:
            await _score(tx, due, promote=False)
    return bool(due)


async def _score(tx: Tx, ids: list[UUID], *, promote: bool) -> int:
    leads = await tx.load_many(LEADS, ids)
    return await score(tx, list(leads.values()), promote=leads.keys() if promote else ())


# -- A new model -------------------------------------------------------------------------------------------------------------


async def rescore(db: Database, clock: Clock) -> bool:
    """Score a batch of all leads by the active model, unless that is done. False when nothing is left to do now."""
    async with db.begin(_context(clock, "model")) as tx:
        version = tx.policy(POLICY).version
        if await tx.first(_OF_VERSION, policy_version=version) is None and not await _begin(tx, version):
            return False
        its = await tx.first(_MINE, policy_version=version)
        if its is None:
            return False
        now = await _batch(tx, its)
        await tx.run(_KEEP, _id=its.id, **{n: getattr(now, n) for n in ("state", "done", "mqls", "after", "finished_at")})
    return now.finished_at is None and now != its


async def _begin(tx: Tx, version: int) -> bool:
    """Begin with a version, in place of an earlier one. A model without rules has nothing to do where nothing was ever scored."""
    if not tx.policy(POLICY).has_rules and not await tx.value(_ANY):
        return False
    await tx.execute(_ALONE)
    if await tx.first(_OF_VERSION, policy_version=version) is None:
        await tx.execute(_SUPERSEDE, version, tx.now)
        begun = Rescoring(new_id(), version, RescoringState.RUNNING, await tx.value(_COUNT), 0, 0, None, tx.now, None)
        await tx.run(_BEGIN, **{n: getattr(begun, n) for n in _NAMES})
    return True


async def _batch(tx: Tx, its: Rescoring) -> Rescoring:
    leads = await tx.all(_FROM, after=its.after or UUID(int=0), most=BATCH)
    if leads:
        mqls = await score(tx, leads, promote={lead.id for lead in leads})
        return replace(its, done=its.done + len(leads), mqls=its.mqls + mqls, after=leads[-1].id)
    # A process that had the earlier model in memory may have scored some by it meanwhile.
    if left := await tx.all(_LEFT, policy_version=its.policy_version, most=BATCH):
        return replace(its, mqls=its.mqls + await _score(tx, left, promote=True))
    done = tx.now - its.started_at >= SETTLES
    return replace(its, state=RescoringState.DONE, finished_at=tx.now) if done else its
