"""Summing up what folds have appended, into the cells of months: a job of the worker. It holds no lane's lock."""

import asyncio
from functools import lru_cache
from typing import Any

from sqlalchemy import CTE, BigInteger, ColumnElement, Select, Table, Text, any_, bindparam, delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from metrics_svc.cells.months import summed, summed_as_of
from metrics_svc.cells.tables import AS_OF, MONTH, PENDING
from metrics_svc.kpi import all_measures
from shared.auth import SYSTEM
from shared.clock import Clock
from shared.db.context import Context
from shared.db.database import Database
from shared.db.query import Query
from shared.db.tx import Tx
from shared.process.outage import Outage, every
from shared.process.settings import Settings

LOOK_SECONDS = 1.0
MOST = 20_000
"""Rows that one statement takes. It ends within seconds, however much waits."""

_VACUUM_AFTER = 2_000
_TRY = "SELECT pg_try_advisory_xact_lock(4710001, hashtext('months'))"
TURN = "SELECT pg_advisory_xact_lock(4710001, hashtext('months'))"
"""The lock of who sums up; who replaces the tables waits for it as for the lanes."""

_WAITING = f"SELECT EXISTS (SELECT FROM {PENDING.name})"
_VACUUM = f"VACUUM (SKIP_LOCKED) {PENDING.name}"
"""Those who read figures read all of its pages. Autovacuum comes too seldom for a table that is filled and emptied all the time."""


@lru_cache(maxsize=1)
def _merge() -> Query[int]:
    """One statement takes rows away and adds what they say: whoever reads sees them in one place or the other."""
    here: ColumnElement[Any] = literal_column("ctid")
    some = select(here).select_from(PENDING).limit(bindparam("most", type_=BigInteger)).scalar_subquery()
    taken = delete(PENDING).where(here == any_(func.array(some))).returning(*PENDING.c).cte("taken")
    of_cohorts = taken.c.measure == any_(bindparam("cohorts", type_=ARRAY(Text)))
    months, days = _put(MONTH, summed(taken, of_cohorts)), _put(AS_OF, summed_as_of(taken, of_cohorts))
    return Query(select(func.count()).select_from(taken).add_cte(months, days), int)


def _put(table: Table, cells: Select[Any]) -> CTE:
    put = insert(table).from_select(table.c.keys(), cells)
    more = {name: table.c[name] + put.excluded[name] for name in ("n", "amount", "us")}
    put = put.on_conflict_do_update(index_elements=list(table.primary_key), set_=more)
    return put.returning(table.c.n).cte(f"put_{table.name}")


async def merge_some(tx: Tx, most: int = MOST) -> int:
    """How many rows were summed up: all of them, or `most`. The caller holds the lock."""
    cohorts = [name for name, measure in all_measures().items() if measure.cohort]
    return await tx.one(_merge(), cohorts=cohorts, most=most)


async def merge(tx: Tx) -> None:
    """Sum up everything, in the caller's transaction."""
    while await merge_some(tx) == MOST:
        pass


async def sum_up(db: Database, _settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """A job of the worker. One of several workers does it at a time."""
    dead = 0

    async def look() -> None:
        nonlocal dead
        more = MOST
        while more == MOST and not stop.is_set():
            async with db.begin(Context("metrics-svc", SYSTEM, clock(), "months")) as tx:
                more = await merge_some(tx) if await tx.value(_WAITING) and await tx.value(_TRY) else 0
            dead += more
            if dead >= _VACUUM_AFTER:
                async with db.connection() as conn:
                    await conn.execute(_VACUUM)
                dead = 0

    await every(LOOK_SECONDS, look, stop, Outage("months", service="metrics-svc"))
