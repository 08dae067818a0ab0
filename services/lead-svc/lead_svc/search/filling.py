"""Entering the records that were there before the index, batch by batch, each of them a transaction.

A process of the release before writes records and enters none, so all are looked at once more when none of these runs any longer.
"""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, select

from lead_svc.index.record import Filling
from lead_svc.index.tables import FILLING
from lead_svc.search.commands import enter
from lead_svc.search.kinds import OWN
from shared.auth import SYSTEM
from shared.clock import Clock
from shared.db.context import Context
from shared.db.database import Database
from shared.db.query import Query
from shared.db.tables import At
from shared.process.outage import Outage, every

LOOK_SECONDS = 10.0
BATCH = 500
AGAIN = timedelta(hours=1)

_DUE = Query(
    select(*[FILLING.c[name] for name in Filling.__slots__])
    .where(FILLING.c.due_at <= bindparam("now", type_=At))
    .order_by(FILLING.c.kind)
    .limit(1)
    .with_for_update(skip_locked=True),
    Filling,
)
_KEEP = "UPDATE search_filling SET round = $2, after = $3, due_at = $4 WHERE kind = $1"
_OVER = "DELETE FROM search_filling WHERE kind = $1"
_FROM = {
    kind.kind: Query(
        select(kind.of.table.c.id)
        .where(kind.of.table.c.id > bindparam("after", type_=Uuid))
        .order_by(kind.of.table.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(),
        UUID,
    )
    for kind in OWN
}


async def run(db: Database, _: Any, clock: Clock, stop: asyncio.Event) -> None:
    """The worker's loop."""

    async def look() -> None:
        while not stop.is_set() and await fill(db, clock):
            pass

    await every(LOOK_SECONDS, look, stop, Outage("search", service=db.service or ""))


def _context(clock: Clock) -> Context:
    return Context("lead-svc", SYSTEM, clock(), "search")


async def fill(db: Database, clock: Clock) -> bool:
    """Enter a batch of what is not in the index yet. False when nothing is left to do now."""
    async with db.begin(_context(clock)) as tx:
        its = await tx.first(_DUE, now=tx.machine_now)
        if its is None:
            return False
        (kind,) = [each for each in OWN if each.kind == its.kind]
        ids = await tx.all(_FROM[kind.kind], after=its.after or UUID(int=0), most=BATCH)
        await enter(tx, kind, ids)
        if len(ids) == BATCH:
            await tx.execute(_KEEP, its.kind, its.round, ids[-1], its.due_at)
        elif its.round == 1:
            await tx.execute(_KEEP, its.kind, 2, None, tx.machine_now + AGAIN)
        else:
            await tx.execute(_OVER, its.kind)
    return True
