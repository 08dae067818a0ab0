"""Writing many rows: COPY into staging tables, then one round trip that merges them into the real ones.

Lists for `UNNEST` cost twice as much, because every element of every list is looked at to see whether it is a list itself.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Executable, MetaData, Table

from shared.db.query import Query
from shared.db.tx import Tx

_TWINS = MetaData()
_MAKE: list[str] = []


class StagingTable:
    """The temporary twin of a table. `merge` makes the statement that merges the rows of the twin into the table."""

    def __init__(self, table: Table, merge: Callable[[Table], Executable]) -> None:
        self.names = [c.name for c in table.c]
        self.twin = f"given_{table.name}"
        self.merge = Query(merge(table.to_metadata(_TWINS, name=self.twin)), int).sql
        # Each connection has its own. The commit empties it; a second write in the same transaction has to do so itself.
        _MAKE.append(f"CREATE TEMP TABLE IF NOT EXISTS {self.twin} (LIKE {table.name}) ON COMMIT DELETE ROWS; DELETE FROM {self.twin}")


class BulkWrite:
    """The rows that a transaction writes: `take` copies them to the staging tables, `finish` merges them."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._merge: list[str] = []

    async def begin(self) -> None:
        await self._tx.execute("; ".join(_MAKE))

    async def take(self, staging: StagingTable, rows: Iterable[Sequence[Any]]) -> None:
        """Copy rows, which have the table's columns in its order. Once for each table before `finish`."""
        await self._tx.copy(staging.twin, rows, staging.names)
        self._merge.append(staging.merge)

    async def append(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Copy rows to a table that has no keys to meet."""
        if rows:
            await self._tx.copy(table.name, rows, [c.name for c in table.c])

    async def finish(self) -> None:
        merge, self._merge = self._merge, []
        if merge:
            await self._tx.execute("; ".join(merge))
