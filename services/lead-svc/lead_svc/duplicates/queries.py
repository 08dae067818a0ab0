"""Records that may be the same: found by what they have in common, by indexes, for one or thousands; and who sees what of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic
from uuid import UUID

from sqlalchemy import any_, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from lead_svc.duplicates.kinds import MOST_ALIKE, Entry, Kind
from lead_svc.duplicates.likeness import likeness
from lead_svc.duplicates.policy import POLICY
from lead_svc.duplicates.record import Certainty, DuplicateState, Likeness, P
from lead_svc.duplicates.rules import pair, pair_id
from shared.auth.actor import Actor, Role
from shared.db.query import Query, is_in
from shared.db.tables import ROSTER
from shared.db.tx import Reader


@dataclass(frozen=True, slots=True)
class Alike(Generic[P]):
    """A record, another one that has much in common with it, and what was said of the two before."""

    one: Entry
    other: Entry
    likeness: Likeness
    known: P | None

    @property
    def dismissed(self) -> bool:
        return self.known is not None and self.known.state is DuplicateState.DISMISSED


@dataclass(frozen=True, slots=True)
class Found(Generic[P]):
    """What may be the same as a record. `more`: it shares something with so many that only some of these were looked at."""

    alike: Sequence[Alike[P]]
    more: bool = False


async def pairs(db: Reader, kind: Kind[P], ids: Sequence[UUID]) -> tuple[set[tuple[UUID, UUID]], bool]:
    """Records that share something with these, each pair once; and whether there are more than are looked at."""
    shared = await kind.sharing(db, ids)
    looked_at = [one for one in shared if one.place <= MOST_ALIKE]
    return {pair(one.record_id, one.other_id) for one in looked_at}, len(looked_at) < len(shared)


async def alike(db: Reader, kind: Kind[P], id: UUID) -> Found[P]:
    """The records that may be the same as this one, also closed and dismissed ones: open ones first, then those most alike."""
    both, more = await pairs(db, kind, [id])
    others = {one if other == id else other for one, other in both}
    if not others:
        return Found([], more)
    known = {duplicate.id: duplicate for duplicate in await db.all(kind.known, ids=[id])}
    policy, entries = db.policy(POLICY), await kind.entries(db, [id, *others])
    one, weights = entries[id], kind.weights(policy)
    found = [
        Alike(one, other, likeness(one.said, other.said, policy, weights), known.get(pair_id(kind.pairs.into, id, other.id)))
        for other in entries.values()
        if other.id != id and not other.is_merged  # then it is the survivor that may be the same
    ]
    found = [one for one in found if one.likeness.certainty]
    return Found(sorted(found, key=lambda one: (not one.other.is_open, -one.likeness.points, one.other.id)), more)


async def unresolved(db: Reader, kind: Kind[P], id: UUID) -> list[Alike[P]]:
    """The open records that are certainly the same as this one, and of which nobody has said that they are not."""
    found = (await alike(db, kind, id)).alike
    return [one for one in found if one.likeness.certainty is Certainty.CERTAIN and one.other.is_open and not one.dismissed]


async def seen_among(db: Reader, kind: Kind[P], by: Actor, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these records that the actor may see."""
    return set(await db.all(kind.among(kind.seen.visible(by)), ids=list(ids), **kind.seen.params(by)))


@dataclass(frozen=True, slots=True)
class _Led:
    owner_id: UUID
    leader_id: UUID


_owner, _leader = ROSTER.alias("owner"), ROSTER.alias("leader")
_LEADERS = Query(
    select(_owner.c.person_id.label("owner_id"), _leader.c.person_id.label("leader_id"))
    .ext(distinct_on(_owner.c.person_id))
    .join_from(_owner, _leader, _leader.c.team_id == any_(_owner.c.team_path))
    .where(is_in(_owner.c.person_id, "owners"), _leader.c.active, is_in(_leader.c.role, [Role.manager.value, Role.regional_head.value]))
    .order_by(_owner.c.person_id, func.array_position(_owner.c.team_path, _leader.c.team_id).desc(), _leader.c.person_id),
    _Led,
)


async def leaders_of(db: Reader, owners: Sequence[UUID]) -> dict[UUID, UUID]:
    """Who leads each of these owners, from the nearest team that has somebody."""
    return {one.owner_id: one.leader_id for one in await db.all(_LEADERS, owners=list(set(owners)))}
