"""Who is in which team, as lead-svc tells it: for row access and for the team of an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.query import Query
from shared.db.tables import ROSTER
from shared.db.tx import Reader, Tx
from shared.events.envelope import Envelope
from shared.events.lead import PersonAdded, PersonChanged
from shared.log.reactions import on
from shared.log.readers import WHOLE, reacting

_given = insert(ROSTER).values({c.name: bindparam(c.name) for c in ROSTER.c})
_REMEMBER = Query(
    _given.on_conflict_do_update(
        index_elements=[ROSTER.c.person_id],
        set_={c.name: _given.excluded[c.name] for c in ROSTER.c if c.name != "person_id"},
        where=ROSTER.c.version < _given.excluded.version,
    ),
    UUID,
)
_TEAM = Query(select(ROSTER.c.team_id).where(ROSTER.c.person_id == bindparam("person_id")), UUID)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the roster says of somebody who may own a record."""

    role: str
    active: bool
    team_id: UUID | None


_STANDING = Query(select(*[ROSTER.c[n] for n in Standing.__slots__]).where(ROSTER.c.person_id == bindparam("person_id")), Standing)


async def standing(tx: Reader, person_id: UUID) -> Standing | None:
    """The person's role and team; None for somebody unknown so far."""
    return await tx.first(_STANDING, person_id=person_id)


async def remember(
    tx: Tx, person_id: UUID, *, team_id: UUID | None, team_path: Sequence[UUID], role: str, active: bool, version: int
) -> None:
    """Keep what is known of a person; what is older than the version kept changes nothing. lead-svc calls it as it writes."""
    await tx.run(_REMEMBER, person_id=person_id, team_id=team_id, team_path=list(team_path), role=role, active=active, version=version)


async def team_of(tx: Reader, person_id: UUID) -> UUID | None:
    """The person's team; None for somebody without one, or unknown so far."""
    return await tx.first(_TEAM, person_id=person_id)


@on(PersonAdded)
async def person_added(tx: Tx, event: Envelope[PersonAdded]) -> None:
    person = event.data
    await remember(
        tx, event.subject, team_id=person.team_id, team_path=person.team_path, role=person.role, active=True, version=event.version
    )


@on(PersonChanged)
async def person_changed(tx: Tx, event: Envelope[PersonChanged]) -> None:
    person = event.data
    await remember(
        tx, event.subject, team_id=person.team_id, team_path=person.team_path, role=person.role, active=person.active, version=event.version
    )


READER = reacting("roster", person_added, person_changed, split_from=(WHOLE,))
"""What deal-svc, contract-svc and metrics-svc list among their readers."""
