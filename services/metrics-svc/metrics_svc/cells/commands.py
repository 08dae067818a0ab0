"""Writing cells: one upsert per table, whatever the number of events behind it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert

from metrics_svc.cells.changes import CellChanges
from metrics_svc.cells.tables import BUCKET, CELL
from metrics_svc.given import Given
from shared.db import Query, Tx


class _Sums:
    """A table whose rows are added to. Its key comes first."""

    def __init__(self, table: Table, *sums: str) -> None:
        self._names = [c.name for c in table.c]
        self._given = Given(table)
        put = insert(table).from_select(self._names, select(*[self._given.table.c[n] for n in self._names]))
        more = {name: table.c[name] + put.excluded[name] for name in sums}
        self._add = Query(put.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=more), int)

    async def add(self, tx: Tx, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            await self._given.take(tx, rows, self._names)
            await tx.run(self._add)


_CELLS, _BUCKETS = _Sums(CELL, "n", "amount", "us"), _Sums(BUCKET, "n")


async def add(tx: Tx, changes: CellChanges) -> None:
    await _CELLS.add(tx, changes.cells())
    await _BUCKETS.add(tx, changes.buckets())
