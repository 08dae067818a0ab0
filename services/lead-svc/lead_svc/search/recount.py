"""The index made again from the records, for `clinch verify`: each entry is what its record says, and a merged one has none."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, select

from lead_svc.index.record import Entry
from lead_svc.index.rows import texts
from lead_svc.index.rules import pieces, text
from lead_svc.index.tables import ENTRY
from lead_svc.search.kinds import HEARD, OWN, Own, Sought
from shared.db.database import Database
from shared.db.query import Query
from shared.db.tx import Reader

BATCH = 1000

_ENTERED = "SELECT id, public, personal, pieces FROM search_entry WHERE id = ANY($1::uuid[])"
_FILLING = "SELECT EXISTS (SELECT FROM search_filling WHERE kind = $1 AND round = 1)"
_ORPHANS = "SELECT e.id FROM search_entry e LEFT JOIN {0} r ON r.id = e.id WHERE e.kind = '{0}' AND r.id IS NULL"


def _from(kind: Own) -> Query[Any]:
    c = kind.of.table.c
    rows = select(*[c[name] for name in kind.of.names]).where(c.id > bindparam("after", type_=Uuid)).order_by(c.id)
    return Query(rows.limit(bindparam("most", type_=Integer)), kind.of.into)


_FROM = {kind.kind: _from(kind) for kind in OWN}
_HEARD = Query(
    select(*[ENTRY.c[name] for name in Entry.__slots__])
    .where(ENTRY.c.heard.is_not(None), ENTRY.c.id > bindparam("after", type_=Uuid))
    .order_by(ENTRY.c.id)
    .limit(bindparam("most", type_=Integer)),
    Entry,
)
_SOUGHT: dict[str, Sought] = {kind.kind: kind for kind in HEARD}


async def differing(db: Database) -> AsyncIterator[tuple[int, Sequence[str]]]:
    """Batch by batch: how many records were looked at, and those whose entry is another one. A kind whose records
    are still being entered for the first time is passed over."""
    for kind in OWN:
        async with db.read() as reader:
            if await reader.value(_FILLING, kind.kind):
                continue
        async for found in _batches(db, _FROM[kind.kind]):
            async with db.read() as reader:
                said = {row.id: texts(row, kind.public, kind.personal) for row in found if row.merged_into is None}
                yield len(found), await _wrong(reader, said, {row.id for row in found})
        async with db.read() as reader:
            yield 0, [str(row["id"]) for row in await reader.rows(_ORPHANS.format(kind.kind))]
    async for found in _batches(db, _HEARD):
        async with db.read() as reader:
            said = {row.id: (text({name: getattr(row, name) for name in _SOUGHT[row.kind].public}), "") for row in found}
            yield len(found), await _wrong(reader, said, set(said))


async def _batches(db: Database, query: Query[Any]) -> AsyncIterator[list[Any]]:
    after = UUID(int=0)
    while True:
        async with db.read() as reader:
            found = await reader.all(query, after=after, most=BATCH)
        if found:
            yield found
            after = found[-1].id
        if len(found) < BATCH:
            return


async def _wrong(db: Reader, said: dict[UUID, tuple[str, str]], looked_at: set[UUID]) -> list[str]:
    entered = {row["id"]: row for row in await db.rows(_ENTERED, list(looked_at))}
    expected = {id: (*its, set(pieces(*its))) for id, its in said.items()}
    there = {id: (row["public"], row["personal"], set(row["pieces"])) for id, row in entered.items()}
    return [str(id) for id in looked_at if expected.get(id) != there.get(id)]
