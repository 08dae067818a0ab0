"""Many rows at once: COPY into temporary twins of their tables, and one round trip that takes them over from there.

Lists for `UNNEST` cost twice as much: every element of every list is looked at, to see whether it is a list itself.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Executable, MetaData, Table

from shared.db.query import Query
from shared.db.tx import Tx

_TWINS = MetaData()
_MAKE: list[str] = []


class Given:
    """The twin of a table. `merge` makes the statement that takes its rows over from the table it is called with."""

    def __init__(self, table: Table, merge: Callable[[Table], Executable]) -> None:
        self.names = [c.name for c in table.c]
        self.twin = f"given_{table.name}"
        self.merge = Query(merge(table.to_metadata(_TWINS, name=self.twin)), int).sql
        # Each connection has its own, emptied by the commit already unless this is not the first time in the transaction.
        _MAKE.append(f"CREATE TEMP TABLE IF NOT EXISTS {self.twin} (LIKE {table.name}) ON COMMIT DELETE ROWS; DELETE FROM {self.twin}")


class Writing:
    """The rows that a transaction writes, until `finish` takes over those that it was given since."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._merge: list[str] = []

    async def begin(self) -> None:
        await self._tx.conn.execute("; ".join(_MAKE))

    async def take(self, given: Given, rows: Iterable[Sequence[Any]]) -> None:
        """`rows` have the columns of the table, in its order. Once for each table."""
        await self._tx.conn.copy_records_to_table(given.twin, records=rows, columns=given.names)
        self._merge.append(given.merge)

    async def finish(self) -> None:
        merge, self._merge = self._merge, []
        if merge:
            await self._tx.conn.execute("; ".join(merge))
