"""Reads of the roster. Everybody signed in may: owners' names stand beside every record."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import any_, bindparam, literal, select

from lead_svc.team import rules
from lead_svc.team.fields import PersonFields, TeamFields
from lead_svc.team.tables import PERSON, TEAM
from shared.auth.actor import OWNERS, Actor
from shared.db.query import Query, is_in
from shared.db.tables import ROSTER
from shared.db.tx import Reader
from shared.errors import Invalid
from shared.http.answer import Identified
from shared.http.listing import Listing, described


class TeamItem(TeamFields, Identified):
    version: int


class PersonItem(PersonFields, Identified):
    """`imported`: named by an import as an owner, and entered by nobody yet."""

    name: str | None  # type: ignore[assignment]  # a stub has none
    imported: bool
    version: int


TEAMS_LIST = Listing(
    TEAM,
    TeamItem,
    filters={**described(TEAM, TeamFields), "external_id": TEAM.c.external_id},
    sorts=("name", "created_at"),
    default="name",
    search=(TEAM.c.name,),
)
_SAID = {name: column for name, column in described(PERSON, PersonFields).items() if name != "works"}
PEOPLE_LIST = Listing(
    PERSON,
    PersonItem,
    filters={**_SAID, "imported": PERSON.c.imported, "external_id": PERSON.c.external_id, "id": PERSON.c.id},
    sorts=("created_at", "name"),
    default="created_at",
    search=(PERSON.c.name, PERSON.c.external_id),
)


@dataclass(frozen=True, slots=True)
class Member:
    id: UUID
    team_id: UUID | None
    active: bool
    role: str


_MEMBERS = Query(select(PERSON.c.id, PERSON.c.team_id, PERSON.c.active, PERSON.c.role).where(is_in(PERSON.c.id, "ids")), Member)
_ME, _MATE = ROSTER.alias("me"), ROSTER.alias("mate")
_IN_TEAM_OF = Query(
    select(literal(True).label("found")).where(
        _ME.c.person_id == bindparam("leader"), _MATE.c.person_id == bindparam("person"), _ME.c.team_id == any_(_MATE.c.team_path)
    ),
    bool,
)


async def in_team_of(db: Reader, leader: UUID, person: UUID) -> bool:
    """Whether the person is in the leader's team or one below it."""
    return await db.first(_IN_TEAM_OF, leader=leader, person=person) is not None


async def members(db: Reader, ids: Collection[UUID]) -> dict[UUID, Member]:
    """What the roster knows of these people; those whom it does not know are left out."""
    return {member.id: member for member in await db.all(_MEMBERS, ids=list(ids))} if ids else {}


async def check_owner(db: Reader, actor: Actor, owner_id: UUID, what: str) -> None:
    """See that this person can be given a record; `Invalid` when not."""
    known = None if owner_id == actor.id and actor.has(*OWNERS) else (await members(db, [owner_id])).get(owner_id)
    if refused := rules.owner_refused(actor, owner_id, known, what):
        raise refused


async def check_member(db: Reader, person_id: UUID) -> None:
    """See that this person can be in the team of a record; `Invalid` when not."""
    known = (await members(db, [person_id])).get(person_id)
    if known is None:
        raise Invalid("There is no such person.", pointer="/person_id", code="unknown_person")
    if not known.active:
        raise Invalid("This person has left and cannot be a member.", pointer="/person_id", code="inactive_person")


async def teams_of(db: Reader, ids: Collection[UUID]) -> dict[UUID, UUID | None]:
    """The team of each of these people; those whom the roster does not know are left out."""
    return {id: member.team_id for id, member in (await members(db, ids)).items()}
