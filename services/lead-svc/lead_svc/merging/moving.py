"""Moves what hangs on one record to another, and gives it back: exactly those rows that came, as far as they are still there."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from lead_svc.merging.hanging import Hangs
from shared.db.tx import Tx

MEMBERSHIP = "membership"
CONSENT = "consent"

_MOVE = "UPDATE {0.table} SET {0.column} = $2 WHERE {0.column} = $1 RETURNING {0.key}::text AS id"
_BACK = "UPDATE {0.table} SET {0.column} = $1 WHERE {0.column} = $2 AND {0.key}::text = ANY($3::text[])"
# Who has a part in the one has it in the other too.
_JOIN = """
INSERT INTO membership (record_id, person_id, part) SELECT $2, person_id, part FROM membership WHERE record_id = $1 AND part <> 'owner'
ON CONFLICT DO NOTHING RETURNING person_id || ' ' || part AS id
"""
_PART = "DELETE FROM membership WHERE record_id = $1 AND person_id || ' ' || part = ANY($2::text[])"
# What the person declared under the one record is found by the other one's key too.
_FIND_CONSENTS = """
UPDATE consent SET keys = keys || jsonb_build_object($2::text, true) WHERE keys ?| $1::text[] AND NOT keys ? $2 RETURNING id::text
"""
_FORGET_CONSENTS = "UPDATE consent SET keys = keys - $2::text WHERE id = ANY($1::uuid[])"


async def move(tx: Tx, hanging: Sequence[Hangs], of: UUID, to: UUID) -> dict[str, list[str]]:
    """The rows that moved, by table and column."""
    moved = {f"{each.table}.{each.column}": [r["id"] for r in await tx.rows(_MOVE.format(each), of, to)] for each in hanging}
    moved[MEMBERSHIP] = [row["id"] for row in await tx.rows(_JOIN, of, to)]
    return {name: ids for name, ids in moved.items() if ids}


async def give_back(tx: Tx, hanging: Sequence[Hangs], moved: Mapping[str, Sequence[str]], of: UUID, to: UUID) -> None:
    """What came from `of` and still hangs on `to` goes back."""
    for each in hanging:
        if ids := moved.get(f"{each.table}.{each.column}"):
            await tx.execute(_BACK.format(each), of, to, ids)
    if ids := moved.get(MEMBERSHIP):
        await tx.execute(_PART, to, ids)


async def join_consents(tx: Tx, asked: Sequence[str], key: str) -> list[str]:
    """What was declared under one of these keys counts under this one too."""
    return [row["id"] for row in await tx.rows(_FIND_CONSENTS, list(asked), key)]


async def part_consents(tx: Tx, ids: Sequence[str], key: str) -> None:
    if ids:
        await tx.execute(_FORGET_CONSENTS, [UUID(id) for id in ids], key)
