"""Writing cells: one upsert per table, however many events are behind it."""

from sqlalchemy import Executable, Table, select
from sqlalchemy.dialects.postgresql import insert

from metrics_svc.cells.changes import CellChanges
from metrics_svc.cells.tables import BUCKET, CELL, PENDING
from metrics_svc.staging import BulkWrite, StagingTable


def _add(table: Table, given: Table, *sums: str) -> Executable:
    """Add the sums to those that are there, in the order of the key, so that the index is walked once."""
    rows = select(*given.c).order_by(*[given.c[c.name] for c in table.primary_key])
    put = insert(table).from_select([c.name for c in given.c], rows)
    more = {name: table.c[name] + put.excluded[name] for name in sums}
    return put.on_conflict_do_update(index_elements=list(table.primary_key), set_=more)


_CELLS = StagingTable(CELL, lambda given: _add(CELL, given, "n", "amount", "us"))
_BUCKETS = StagingTable(BUCKET, lambda given: _add(BUCKET, given, "n"))


async def add(writing: BulkWrite, changes: CellChanges) -> None:
    if cells := changes.cells():
        await writing.take(_CELLS, cells)
    if buckets := changes.buckets():
        await writing.take(_BUCKETS, buckets)
    await writing.append(PENDING, changes.pending())
