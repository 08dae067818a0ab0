"""Writing cells: one upsert per table, whatever the number of events behind it."""

from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert

from metrics_svc.cells.changes import CellChanges
from metrics_svc.cells.tables import BUCKET, CELL
from shared.db import Query, Tx, rows_param


def _upsert(table: Table, *sums: str) -> Query[Any]:
    names = [c.name for c in table.c]
    given = rows_param(table, *names)
    put = insert(table).from_select(names, select(*[given.c[n] for n in names]))
    more = {name: table.c[name] + put.excluded[name] for name in sums}
    return Query(put.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=more), int)


_ADD = _upsert(CELL, "n", "amount", "us")
_ADD_BUCKETS = _upsert(BUCKET, "n")
_KEY = ("measure", "dimension", "value", "cohort_day", "day")


async def add(tx: Tx, changes: CellChanges) -> None:
    if cells := changes.cells():
        keys, n, amount, us = zip(*cells, strict=True)
        columns = dict(zip(_KEY, map(list, zip(*keys, strict=True)), strict=True))
        await tx.run(_ADD, **columns, n=list(n), amount=list(amount), us=list(us))
    if buckets := changes.buckets():
        keys, bucket, n = zip(*buckets, strict=True)
        columns = dict(zip(_KEY, map(list, zip(*keys, strict=True)), strict=True))
        await tx.run(_ADD_BUCKETS, **columns, bucket=list(bucket), n=list(n))
