"""Reads of a kind of target and of its deliveries. They have no owner: who may read them sees all of them."""

from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Table, bindparam, select

from shared.db.query import Query
from shared.db.tx import Reader
from shared.errors import NotFound
from shared.http.listing import Listing

D = TypeVar("D")


class Deliveries(Generic[D]):
    """The deliveries of a kind of target. `label` is what people call one."""

    def __init__(self, table: Table, into: type[D], target: str, label: str) -> None:
        self.listing = Listing(
            table,
            into,
            filters={n: table.c[n] for n in ("state", "type", "subject", "created_at", "event_id")},
            sorts=("created_at",),
            default="-created_at",
        )
        self.of_target = table.c[target] == bindparam("target_id")
        columns: Any = into
        mine = select(*[table.c[n] for n in columns.__dataclass_fields__]).where(table.c.id == bindparam("id"), self.of_target)
        self._one = Query(mine, into)
        self._label = label

    async def get(self, db: Reader, target_id: UUID, id: UUID) -> D:
        """`NotFound` for one of another target."""
        found = await db.first(self._one, id=id, target_id=target_id)
        if found is None:
            raise NotFound(f"There is no such {self._label}.")
        return found
