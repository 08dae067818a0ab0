"""Deriving a lane's facts again from what they keep of their events: where the log does not reach back far enough.

It happens in shadow tables; the live ones keep answering meanwhile.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, bindparam, func, select

from metrics_svc.counting.times import Calendar
from metrics_svc.fold import Lane
from metrics_svc.folding.batch import write_facts
from metrics_svc.folding.table import TABLES
from metrics_svc.folding.touched import told_of
from metrics_svc.rebuild.cells import recompute_cells
from metrics_svc.rebuild.progress import Telling
from metrics_svc.rebuild.shadow import create, facts, swap_facts
from metrics_svc.rebuild.versions import keep
from shared.db.query import Query
from shared.db.tx import Tx

_SCHEMA = "deriving"
_BATCH = 5_000
_BEFORE_ALL = UUID(int=0)


async def derive_again(tx: Tx, lane: Lane) -> None:
    """Derive the lane's facts and compute its cells, in the transaction. Its folds must be waiting for it."""
    await tx.execute(f"CREATE SCHEMA {_SCHEMA}; SET LOCAL search_path TO {_SCHEMA}, public")
    await create(tx, _SCHEMA, facts(lane.name))
    calendar = Calendar(tx.settings.zone, tx.settings.zone)  # no event is heard here
    for told in told_of(lane.name):
        name, names = told.table.name, ", ".join(told.names)
        await tx.execute(f"INSERT INTO {_SCHEMA}.{name} ({names}) SELECT {names} FROM public.{name}")
    pages = list(lane.touched(calendar).pages())
    total = sum([await tx.one(_count(kind, conditions)) for kind, conditions in pages])
    telling, done = Telling(tx, lane.name, "records"), 0
    await telling.come_to(done, total)
    for kind, conditions in pages:
        async for records in _each(tx, lane, calendar, kind, conditions):
            done += records
            await telling.come_to(done, total)
    await recompute_cells(tx, lane.name)
    await swap_facts(tx, lane.name, _SCHEMA)
    await keep(tx, lane.name, "facts")
    await tx.execute(f"SET LOCAL search_path TO public; RESET application_name; DROP SCHEMA {_SCHEMA}")
    telling.end(done)


def _count(kind: type[Any], conditions: Sequence[Any]) -> Query[int]:
    return Query(select(func.count().label("n")).select_from(TABLES[kind].table).where(*conditions), int)


async def _each(tx: Tx, lane: Lane, calendar: Calendar, kind: type[Any], conditions: Sequence[Any]) -> AsyncIterator[int]:
    """Derive these records, a page at a time; how many each has."""
    id = TABLES[kind].table.c.id
    page = select(id).where(id > bindparam("after", type_=Uuid), *conditions).order_by(id)
    query = Query(page.limit(bindparam("most", type_=BigInteger)), UUID)
    ids = [_BEFORE_ALL]
    while ids := await tx.all(query, after=ids[-1], most=_BATCH):
        touched = lane.touched(calendar)
        await touched.fetch(tx, {kind: ids})
        await write_facts(tx, touched.derive().values())
        yield len(ids)
