"""Where a record leads to that was merged into another one, which may have been merged since itself."""

from collections.abc import Collection
from uuid import UUID

from shared.access.scoped import Scoped
from shared.auth import Actor
from shared.db.query import A
from shared.db.tx import Reader
from shared.errors import NotFound

# The way from each of them; at its end stands the one that was merged into no other.
_WAY = """
WITH RECURSIVE way AS (
  SELECT id AS of, merged_into AS id, 1 AS far FROM {0} WHERE id = ANY($1::uuid[]) AND merged_into IS NOT NULL
  UNION ALL SELECT way.of, {0}.merged_into, far + 1 FROM way JOIN {0} ON {0}.id = way.id WHERE {0}.merged_into IS NOT NULL
)
SELECT DISTINCT ON (of) of, id FROM way ORDER BY of, far DESC
"""
_TAKEN_OVER = """
WITH RECURSIVE taken AS (
  SELECT absorbed_id AS id FROM merge WHERE survivor_id = $1 AND undone_at IS NULL
  UNION SELECT m.absorbed_id FROM taken JOIN merge m ON m.survivor_id = taken.id AND m.undone_at IS NULL
)
SELECT id FROM taken ORDER BY id
"""


async def survivors(db: Reader, table: str, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The record that each of these is now, for those that were merged."""
    return {row["of"]: row["id"] for row in await db.rows(_WAY.format(table), list(ids))} if ids else {}


async def seen_or_merged(db: Reader, by: Actor, seen: Scoped[A], id: UUID) -> A:
    """The record, if they see it or the one that it is now: an old id leads everybody there who may go there. `NotFound`."""
    try:
        return await seen.get(db, by, id)
    except NotFound:
        now = (await survivors(db, seen.of.table.name, [id])).get(id)
        if now is None:
            raise
    await seen.get(db, by, now)
    return await db.get(seen.of, id)


async def taken_over(db: Reader, id: UUID) -> list[UUID]:
    """The records that this one has taken over, and those that they had before."""
    return [row["id"] for row in await db.rows(_TAKEN_OVER, id)]
