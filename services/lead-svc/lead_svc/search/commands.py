"""Keeping the index: a record of ours is entered, changed and taken out in the transaction that does it, whatever the way."""

from collections.abc import Sequence
from uuid import UUID

from lead_svc.index.rows import drop, put, texts
from lead_svc.search.kinds import OWN, Own
from shared.db.outbox import Told
from shared.db.tx import Consequence, Follows, Tx
from shared.events.envelope import Event


def following() -> Follows:
    """What lead-svc gives as `follows`: whatever changes what a record is found by, its entry follows."""
    found: dict[type[Event], list[Consequence]] = {}
    for kind in OWN:
        for event in kind.heard:
            found.setdefault(event, []).append(_follows(kind))
    return found


def _follows(kind: Own) -> Consequence:
    async def follow(tx: Tx, told: Sequence[Told]) -> None:
        if ids := list(dict.fromkeys(one.subject for one in told if _touches(kind, one.event))):
            await enter(tx, kind, ids)

    return follow


def _touches(kind: Own, event: Event) -> bool:
    changed: Sequence[str] | None = getattr(event, "changed", None)
    return changed is None or not kind.names.isdisjoint(changed)


async def enter(tx: Tx, kind: Own, ids: Sequence[UUID]) -> None:
    """Bring the entries of records that this transaction has locked to what they say. Merged ones are found by the one that they are."""
    rows = await tx.held(kind.of, ids)
    await put(tx, kind.kind, [(row, texts(row, kind.public, kind.personal)) for row in rows if row.merged_into is None])
    await drop(tx, [row.id for row in rows if row.merged_into is not None])
