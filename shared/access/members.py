"""Who has a part in a record besides its owner: its creator, its team, and the owners of the accounts that records belong to."""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from shared.access.kinds import Kind, reach
from shared.db.query import Query, rows_param
from shared.db.tables import MEMBERSHIP
from shared.db.tx import Reader, Tx
from shared.events.envelope import Envelope, Event, MemberAdded, MemberRemoved
from shared.events.party import AccountCreated, AccountUpdated
from shared.log.readers import Reader as LogReader
from shared.log.readers import folding


class Part(StrEnum):
    """What part somebody has."""

    creator = "creator"  # entered it, and does not own it
    owner = "owner"  # owns the account that records of this service belong to
    member = "member"  # of its team
    deal = "deal"  # owns the deal that the lead became, or joined


_NAMES = ("record_id", "person_id", "part")
_given = rows_param(MEMBERSHIP, *_NAMES)
_put = insert(MEMBERSHIP).from_select(_NAMES, select(*[_given.c[n] for n in _NAMES]))
_PUT = Query(_put.on_conflict_do_nothing().returning(MEMBERSHIP.c.record_id), UUID)
_these = tuple_(*[MEMBERSHIP.c[n] for n in _NAMES]).in_(select(*[_given.c[n] for n in _NAMES]))
_DROP = Query(delete(MEMBERSHIP).where(_these).returning(MEMBERSHIP.c.record_id), UUID)
_TEAM = Query(
    select(MEMBERSHIP.c.person_id)
    .where(MEMBERSHIP.c.record_id == bindparam("record_id"), MEMBERSHIP.c.part == Part.member)
    .order_by(MEMBERSHIP.c.person_id),
    UUID,
)
_FORGET_OWNERS = Query(
    delete(MEMBERSHIP).where(MEMBERSHIP.c.part == Part.owner, MEMBERSHIP.c.record_id == any_(bindparam("record_ids", type_=ARRAY(Uuid)))),
    UUID,
)


async def add(tx: Tx, record_id: UUID, person_id: UUID, part: str = Part.member) -> bool:
    """Give somebody a part in a record; False when they had it already."""
    return bool(await tx.all(_PUT, record_id=[record_id], person_id=[person_id], part=[part]))


async def remove(tx: Tx, record_id: UUID, person_id: UUID, part: str = Part.member) -> bool:
    """Take a part away; False when they did not have it."""
    return bool(await tx.all(_DROP, record_id=[record_id], person_id=[person_id], part=[part]))


async def team(db: Reader, record_id: UUID) -> list[UUID]:
    """The people in the team of a record, besides its owner."""
    return await db.all(_TEAM, record_id=record_id)


async def created(tx: Tx, kind: Kind, records: Iterable[tuple[UUID, UUID | None]]) -> None:
    """Let the actor see what they have just created: `records` are ids with their owners. Writes nothing where they see it anyway."""
    by = tx.actor
    if by.type != "person" or reach(kind, by).everything:
        return
    if ids := [id for id, owner in records if owner != by.id]:
        await tx.run(_PUT, record_id=ids, person_id=[by.id] * len(ids), part=[Part.creator.value] * len(ids))


async def hear(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
    """Keeps who owns an account and who is in a team: they see what belongs to it.

    The last that a batch tells of each account's owner and of each part counts.
    """
    owners: dict[UUID, UUID | None] = {}
    parts: dict[tuple[UUID, UUID, str], bool] = {}
    for event in events:
        if isinstance(event.data, AccountCreated | AccountUpdated):
            owners[event.subject] = event.data.owner_id
        elif isinstance(event.data, MemberAdded | MemberRemoved):
            parts[event.subject, event.data.person_id, event.data.part] = isinstance(event.data, MemberAdded)
    for query, added in ((_DROP, False), (_PUT, True)):
        if given := [part for part, has in parts.items() if has is added]:
            await tx.run(query, **{name: [part[n] for part in given] for n, name in enumerate(_NAMES)})
    if owners:
        await tx.run(_FORGET_OWNERS, record_ids=sorted(owners))
        known = {id: owner for id, owner in owners.items() if owner is not None}
        await tx.run(_PUT, record_id=list(known), person_id=list(known.values()), part=[Part.owner.value] * len(known))


def hearing(kinds: Collection[type[Event]], *, split_from: tuple[str, ...] = ()) -> LogReader:
    """The reader that learns from other services who has a part in what.

    It reads the log from its beginning, so what was told before this service knew of members counts too.
    """
    return folding("members", hear, kinds, split_from=split_from)
