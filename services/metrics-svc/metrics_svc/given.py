"""Many rows at once: COPY into a temporary twin of their table, and one statement from there.

Lists for `UNNEST` cost twice as much: every element of every list is looked at, to see whether it is a list itself.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import MetaData, Table

from shared.db import Tx

_TWINS = MetaData()


class Given:
    """The twin of a table; each connection has its own. `table` is for statements that read it."""

    def __init__(self, table: Table) -> None:
        self.table = table.to_metadata(_TWINS, name=f"given_{table.name}")
        twin = self.table.name
        # Emptied by the commit already, unless this is not the first time in the transaction.
        self._make = f"CREATE TEMP TABLE IF NOT EXISTS {twin} (LIKE {table.name}) ON COMMIT DELETE ROWS; DELETE FROM {twin}"

    async def take(self, tx: Tx, rows: Iterable[Sequence[Any]], names: Sequence[str]) -> None:
        """Fill it with these rows and nothing else; `names` are their columns."""
        await tx.conn.execute(self._make)
        await tx.conn.copy_records_to_table(self.table.name, records=rows, columns=names)
