"""What runs goes over to a new version, where the version says so: in batches, by the worker."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select

from shared.auth import SYSTEM
from shared.clock import Clock
from shared.db.context import Context
from shared.db.database import Database
from shared.db.query import Query, is_in
from shared.db.tables import POLICY_VERSION
from shared.db.tx import Tx
from shared.policy import commands
from shared.policy.document import Policy
from shared.policy.record import VERSIONS, PolicyState, Running, Version
from shared.process.outage import Outage, every

LOOK_SECONDS = 1.0

# Oldest first: a later version's move begins where an earlier one's has ended. Another worker at it holds the row.
_NEXT = Query(
    select(*[POLICY_VERSION.c[name] for name in VERSIONS.names])
    .where(
        POLICY_VERSION.c.running == Running.MOVE.value,
        POLICY_VERSION.c.moved_at.is_(None),
        is_in(POLICY_VERSION.c.state, [PolicyState.ACTIVE.value, PolicyState.RETIRED.value]),
        is_in(POLICY_VERSION.c.name, "names"),
    )
    .order_by(POLICY_VERSION.c.number)
    .limit(1)
    .with_for_update(skip_locked=True),
    Version,
)
_MOVED = Query(
    VERSIONS.table.update()
    .where(VERSIONS.table.c.id == bindparam("_id"))
    .values(move_after=bindparam("move_after"), moved_at=bindparam("moved_at")),
    Version,
)


async def run(policies: Sequence[Policy[Any]], db: Database, clock: Clock, stop: asyncio.Event) -> None:
    """The worker's loop. Each batch is a transaction, so a worker that is killed loses nothing."""
    by_name = {policy.name: policy for policy in policies if policy.move is not None}

    async def look() -> None:
        while not stop.is_set() and await step(by_name, db, clock):
            pass

    if by_name:
        await every(LOOK_SECONDS, look, stop, Outage("policy moves", service=db.service or ""))


async def step(by_name: dict[str, Policy[Any]], db: Database, clock: Clock) -> bool:
    """One batch. False when nothing is left to move."""
    async with db.begin(Context(next(iter(by_name.values())).service, SYSTEM, clock(), "policy:move")) as tx:
        version = await tx.first(_NEXT, names=list(by_name))
        if version is None:
            return False
        after = await _batch(tx, by_name[version.name], version)
        await tx.run(_MOVED, _id=version.id, move_after=after or version.move_after, moved_at=None if after else tx.now)
    return True


async def _batch(tx: Tx, policy: Policy[Any], version: Version) -> Any:
    assert policy.move is not None
    old = await commands.read(tx, policy, version.based_on)
    before, now = (policy.model.read(its.document, its.number) for its in (old, version))
    return await policy.move(tx, before, now, version.move_after)
