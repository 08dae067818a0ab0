"""One row that the actor may see, to read it or to lock it for a change. Any other is a 404."""

from functools import lru_cache
from typing import Generic
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select

from shared.access.rows import Seen
from shared.auth import Actor
from shared.db.query import A, Aggregate, Query
from shared.db.tx import Reader, Tx
from shared.errors import Stale


class Scoped(Generic[A]):
    """`seen` says which rows an actor sees (`shared.access.rows`)."""

    def __init__(self, of: Aggregate[A], seen: Seen) -> None:
        self.of = of
        self.visible, self.params = seen.visible, seen.params
        self._query = lru_cache(maxsize=16)(self._compile)

    def _compile(self, condition: ColumnElement[bool], lock: bool) -> Query[A]:
        table = self.of.table
        one = select(*[table.c[n] for n in self.of.names]).where(table.c.id == bindparam("id"), condition)
        return Query(one.with_for_update(of=table) if lock else one, self.of.into)

    async def get(self, db: Reader, actor: Actor, id: UUID) -> A:
        """The row, or `NotFound`."""
        found = await db.first(self._query(self.visible(actor), False), id=id, **self.params(actor))
        if found is None:
            raise self.of.missing()
        return found

    async def load(self, tx: Tx, id: UUID, expect: int | None = None) -> A:
        """`Tx.load`, for what the transaction's actor may see. `NotFound`, `Stale`."""
        found = await tx.first(self._query(self.visible(tx.actor), True), id=id, **self.params(tx.actor))
        if found is None:
            raise self.of.missing()
        if expect is not None and found.version != expect:
            raise Stale(found.version)
        return found
