"""Merges as they were done, and what the leads that they leave behind are worked by."""

from dataclasses import fields
from uuid import UUID

from sqlalchemy import Uuid, bindparam, insert, or_, select, update

from lead_svc.merging.record import Merge
from lead_svc.merging.tables import MERGE
from shared.db.query import Query
from shared.db.tables import At
from shared.db.tx import Reader, Tx

NAMES = tuple(f.name for f in fields(Merge))
_all = select(*[MERGE.c[n] for n in NAMES])
ADD = Query(insert(MERGE).values({n: bindparam(n) for n in NAMES}), Merge)
UNDONE = Query(
    update(MERGE)
    .where(MERGE.c.id == bindparam("_id", type_=Uuid))
    .values(undone_at=bindparam("at", type_=At), undone_by=bindparam("by", type_=Uuid))
    .returning(*[MERGE.c[n] for n in NAMES]),
    Merge,
)
_STANDS = MERGE.c.undone_at.is_(None)
OF_ABSORBED = Query(_all.where(MERGE.c.absorbed_id == bindparam("id", type_=Uuid), _STANDS), Merge)
"""The merge that a record was taken over by."""
LATER = Query(
    _all.where(MERGE.c.survivor_id == bindparam("survivor_id", type_=Uuid), MERGE.c.id > bindparam("id", type_=Uuid), _STANDS), Merge
)
_OF = Query(
    _all.where(or_(*(c == bindparam("id", type_=Uuid) for c in (MERGE.c.survivor_id, MERGE.c.absorbed_id)))).order_by(MERGE.c.id), Merge
)


# The merges of all records, one after the other. So one that comes too late for its records takes no lock of theirs, for which somebody
# might wait who has another one already.
_TURN = "SELECT pg_advisory_xact_lock(hashtext('clinch.merging'))"


async def one_by_one(tx: Tx) -> None:
    """Wait until nobody else merges anything."""
    await tx.execute(_TURN)


async def merges_of(db: Reader, id: UUID) -> list[Merge]:
    """All merges of a record, as survivor or absorbed, the first one first, also those that were undone."""
    return await db.all(_OF, id=id)
