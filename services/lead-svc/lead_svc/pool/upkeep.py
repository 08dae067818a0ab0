"""Beside the requests: leads go back to the pool for which the policy says so."""

import asyncio

from lead_svc.pool.commands import give_back
from lead_svc.pool.policy import POLICY, PoolPolicy
from lead_svc.pool.record import Return
from shared.auth import SYSTEM
from shared.clock import Clock, moved_by
from shared.db.context import Context
from shared.db.database import Database
from shared.process.outage import Outage, every
from shared.process.settings import Settings

SECONDS = 60.0
BATCH = 500
"""Leads that one transaction gives back."""


async def pool(db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """Look every minute until `stop` is set."""

    async def turn() -> None:
        await look(db, clock, stop)

    await every(SECONDS, turn, stop, Outage("pool"))


async def look(db: Database, clock: Clock, stop: asyncio.Event) -> None:
    """Give back what goes back now, in short transactions."""
    async with db.read() as reader:
        policy = reader.policy(POLICY)
    for why in _reasons(policy):
        while not stop.is_set() and await _batch(db, clock, why) == BATCH:
            pass


def _reasons(policy: PoolPolicy) -> list[Return]:
    asked = {
        Return.OWNER_LEFT: policy.return_of_leavers,
        Return.UNTOUCHED: policy.untouched_days > 0,
        Return.OVER_CAPACITY: policy.return_beyond,
    }
    return [why for why, wanted in asked.items() if wanted]


async def _batch(db: Database, clock: Clock, why: Return) -> int:
    async with db.begin(Context("lead-svc", SYSTEM, clock(), "pool", moved=moved_by(clock))) as tx:
        return await give_back(tx, why, BATCH)
