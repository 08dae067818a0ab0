"""Records that were on their way to somebody when their records were handed over."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from shared.db.query import Query
from shared.db.tables import HAND_OVER
from shared.db.tx import Reader, Tx
from shared.events.envelope import Event
from shared.handover.parts import HandOverKind, Part
from shared.handover.store import COLUMNS, HandOver
from shared.parties.people import standing, team_of

_OF_OWNER = Query(
    select(*COLUMNS)
    .where(HAND_OVER.c.service == bindparam("service"), HAND_OVER.c.from_id == bindparam("from_id"))
    .order_by(HAND_OVER.c.told_at.desc()),
    HandOver,
)
SLACK = timedelta(minutes=1)
"""For that long after a hand-over was told, another service may still act for the old owner: its own part was not moved yet."""


async def owner_now(
    tx: Tx, part: Part, told: Event, *, because: HandOverKind = HandOverKind.DEALS, account_id: UUID | None = None
) -> UUID | None:
    """The owner that an event of another service tells of, or who has their records by now.

    Events of several kinds are not in one order: what is opened for somebody may be heard after their hand-over.
    `because`: the kind of the record that the event is about.
    """
    record: Any = told
    owner: UUID | None = record.owner_id
    asked: set[UUID] = set()
    while owner is not None and owner not in asked:
        asked.add(owner)
        for found in await tx.all(_OF_OWNER, service=tx.context.service, from_id=owner):
            if part.kind in found.kinds and found.covers(record, account_id) and await _was_before(tx, found, told, because):
                owner = found.to_id
                break
    return owner


async def placed_now(tx: Tx, part: Part, told: Event, *, account_id: UUID | None) -> dict[str, UUID | None]:
    """Owner and team that an event of a deal tells of, or those of whoever has the owner's records by now."""
    record: Any = told
    owner_id = await owner_now(tx, part, told, account_id=account_id)
    return {
        "owner_id": owner_id,
        "team_id": record.team_id if owner_id is None or owner_id == record.owner_id else await team_of(tx, owner_id),
    }


async def _was_before(tx: Reader, found: HandOver, told: Event, because: HandOverKind) -> bool:
    """Whether the event was told before the hand-over, or by a service that had not moved its part yet."""
    until = found.told_at + (SLACK if because in found.kinds else timedelta())
    if told.recorded_at is None or told.recorded_at <= until:
        return True
    left = await standing(tx, found.from_id)
    return left is not None and not left.active
