"""Loads leads together with those that were merged into them, and those that they were merged into."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import select

from metrics_svc.folding.table import TABLES, FactTable
from shared.db.query import Query, is_in
from shared.db.tx import Tx


@lru_cache(maxsize=8)
def _taken_over(table: FactTable[Any]) -> Query[Any]:
    return Query(select(*[table.table.c[n] for n in table.names]).where(is_in(table.table.c.merged_into, "ids")), table.into)


async def load_together(tx: Tx, kind: type[Any], ids: Iterable[UUID], known: dict[UUID, Any]) -> None:
    """Load these rows into `known`, with all that they belong together with. Usually that is one statement more, and nothing found."""
    asked = set(known)
    wanted = set(ids) - asked
    while wanted:
        asked |= wanted
        found = [*await TABLES[kind].load(tx, wanted), *await tx.all(_taken_over(TABLES[kind]), ids=list(wanted))]
        known |= {row.id: row for row in found if row.id not in known}
        wanted = {id for row in found for id in (row.id, row.merged_into) if id is not None} - asked
