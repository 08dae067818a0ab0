"""Deriving all facts again from what they keep of their events: where the log does not reach back far enough.

It happens in shadow tables; the live ones keep answering meanwhile.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, bindparam, select

from metrics_svc.counting.times import Calendar
from metrics_svc.fold import LANES, Lane, write_facts
from metrics_svc.folding.table import TABLES
from metrics_svc.folding.touched import told_of
from metrics_svc.rebuild.cells import recompute_cells
from metrics_svc.rebuild.shadow import TABLES as ALL_TABLES
from metrics_svc.rebuild.shadow import create, swap
from metrics_svc.rebuild.versions import keep
from shared.db.query import Query
from shared.db.tx import Tx

_SCHEMA = "deriving"
_BATCH = 5_000
_BEFORE_ALL = UUID(int=0)


async def derive_again(tx: Tx) -> None:
    """Derive all facts and compute all cells, in the transaction. Folds must be waiting for it."""
    await tx.execute(f"CREATE SCHEMA {_SCHEMA}; SET LOCAL search_path TO {_SCHEMA}, public")
    await create(tx, _SCHEMA, ALL_TABLES)
    calendar = Calendar(tx.settings.zone, tx.settings.zone)  # no event is heard here
    for lane in LANES.values():
        for told in told_of(lane.name):
            name, names = told.table.name, ", ".join(told.names)
            await tx.execute(f"INSERT INTO {_SCHEMA}.{name} ({names}) SELECT {names} FROM public.{name}")
        for kind, conditions in lane.touched(calendar).pages():
            await _each(tx, lane, calendar, kind, conditions)
    await recompute_cells(tx)
    await swap(tx, _SCHEMA)
    await keep(tx, "facts")
    await tx.execute(f"SET LOCAL search_path TO public; DROP SCHEMA {_SCHEMA}")


async def _each(tx: Tx, lane: Lane, calendar: Calendar, kind: type[Any], conditions: Sequence[Any]) -> None:
    """Derive these records, a page at a time."""
    id = TABLES[kind].table.c.id
    page = select(id).where(id > bindparam("after", type_=Uuid), *conditions).order_by(id)
    query = Query(page.limit(bindparam("most", type_=BigInteger)), UUID)
    ids = [_BEFORE_ALL]
    while ids := await tx.all(query, after=ids[-1], most=_BATCH):
        touched = lane.touched(calendar)
        await touched.fetch(tx, {kind: ids})
        await write_facts(tx, touched.derive().values())
