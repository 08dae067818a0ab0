"""Beside the requests: find visitors who are leads by now, and forget those who were not seen for long."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from lead_svc.leads.tables import LEADS
from lead_svc.signals.commands import join
from lead_svc.signals.policy import POLICY
from lead_svc.signals.queries import FORGET, FORGET_SIGNALS, LATE, LEFT, OVER, Named
from lead_svc.signals.whose import note_seen
from shared.auth import SYSTEM
from shared.clock import EARLIEST, Clock, kept_since, moved_by
from shared.db.context import Context
from shared.db.database import Database
from shared.db.query import Query
from shared.db.tx import Tx
from shared.process.outage import Outage, every
from shared.process.settings import Settings

SECONDS = 60.0
LONGEST = timedelta(minutes=10)
"""A transaction that enters leads takes less."""
STEP = 500
"""Visitors that one transaction takes up."""


async def visitors(db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """Look every minute until `stop` is set: at all leads first, then at those that were entered or changed since the last time."""
    since = EARLIEST

    async def turn() -> None:
        nonlocal since
        began = clock()
        await look(db, clock, stop, since)
        since = began - LONGEST

    await every(SECONDS, turn, stop, Outage("visitors"))


async def look(db: Database, clock: Clock, stop: asyncio.Event, since: datetime = EARLIEST) -> None:
    """Bring visitors up to date, in short transactions."""
    while not stop.is_set() and await _known(db, clock, LATE, since=since):
        pass
    while not stop.is_set() and await _known(db, clock, LEFT):
        pass
    while not stop.is_set() and await _forgotten(db, clock):
        pass


def _context(clock: Clock) -> Context:
    return Context("lead-svc", SYSTEM, clock(), "visitors", moved=moved_by(clock))


async def _known(db: Database, clock: Clock, asked: Query[Named], **params: Any) -> bool:
    """Give a batch of visitors to their leads; whether there may be more."""
    async with db.begin(_context(clock)) as tx:
        found = await tx.all(asked, most=STEP, **params)
        if not found:
            return False
        await _give(tx, found)
        return True


async def _give(tx: Tx, found: Sequence[Named]) -> None:
    """Visitors are locked before leads, as by every request."""
    names = await note_seen(tx, {one.name: one.id for one in found})
    leads = await tx.load_many(LEADS, sorted({id for id in names.values() if id}))
    await join(tx, {name: leads[id] for name, id in names.items() if id})


async def _forgotten(db: Database, clock: Clock) -> bool:
    """Forget a batch of visitors, and what they did that is nobody's; whether there may be more."""
    async with db.begin(_context(clock)) as tx:
        names = await tx.all(OVER, before=kept_since(clock, tx.policy(POLICY).visitor_days), most=STEP)
        if names:
            await tx.run(FORGET_SIGNALS, names=names)
            await tx.run(FORGET, names=names)
        return len(names) == STEP
