"""The people of the directory: role, team, and whether they have left. Names and addresses stay in lead-svc."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from shared.auth.actor import LEADERS
from shared.db.query import Query, is_in
from shared.db.tables import ROSTER
from shared.db.tx import Reader, Tx
from shared.events.envelope import Envelope
from shared.events.team import PersonTold

_given = insert(ROSTER).values({c.name: bindparam(c.name) for c in ROSTER.c})
_KEEP = Query(
    _given.on_conflict_do_update(
        index_elements=[ROSTER.c.person_id],
        set_={c.name: _given.excluded[c.name] for c in ROSTER.c if c.name != "person_id"},
        where=ROSTER.c.version < _given.excluded.version,
    ),
    UUID,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the directory says of somebody who may own a record."""

    person_id: UUID
    role: str
    active: bool
    team_id: UUID | None


_standing = select(*[ROSTER.c[n] for n in Standing.__slots__])
_STANDING = Query(_standing.where(ROSTER.c.person_id == bindparam("person_id")), Standing)
_STANDINGS = Query(_standing.where(is_in(ROSTER.c.person_id, "people")), Standing)


async def standing(tx: Reader, person_id: UUID) -> Standing | None:
    """The person's role and team; None for somebody unknown so far."""
    return await tx.first(_STANDING, person_id=person_id)


async def standings(tx: Reader, people: Sequence[UUID]) -> Mapping[UUID, Standing]:
    """Those of these people who are known so far."""
    return {one.person_id: one for one in await tx.all(_STANDINGS, people=list(people))} if people else {}


async def team_of(tx: Reader, person_id: UUID) -> UUID | None:
    """The person's team; None for somebody without one, or unknown so far."""
    known = await standing(tx, person_id)
    return known.team_id if known else None


_LEADER = """
SELECT leader.person_id FROM roster one JOIN roster leader ON leader.team_id = ANY(one.team_path)
WHERE one.person_id = $1 AND leader.person_id <> $1 AND leader.active AND leader.role = ANY($2::text[])
ORDER BY cardinality(leader.team_path) DESC, leader.person_id LIMIT 1
"""


async def leader_of(tx: Reader, person_id: UUID) -> UUID | None:
    """Who leads this person's team, or the nearest one above it; None where nobody does."""
    found: UUID | None = await tx.value(_LEADER, person_id, [role.value for role in LEADERS])
    return found


async def keep(tx: Tx, person_id: UUID, told: PersonTold, version: int) -> None:
    """Keep what is told of a person; what is older than the version kept changes nothing. lead-svc calls it as it writes."""
    await tx.run(_KEEP, person_id=person_id, version=version, **{n: getattr(told, n) for n in PersonTold.model_fields})


async def hear(tx: Tx, events: Sequence[Envelope[Any]]) -> None:
    """Keeps who is in which team, in what role, for row access.

    The last that a batch tells of each person counts, in the order of their ids.
    """
    last = {e.subject: e for e in sorted(events, key=lambda e: e.version) if isinstance(e.data, PersonTold)}
    for id, e in sorted(last.items()):
        await keep(tx, id, e.data, e.version)
