"""`/v1/team`: teams as a tree, and the people in them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, StrictBool, WithJsonSchema

from lead_svc.team import commands
from lead_svc.team.queries import PEOPLE_LIST, TEAMS_LIST
from lead_svc.team.rules import CREATE_PERSON, CREATE_TEAM, PERSON_ACTS, TEAM_ACTS, Person, Team
from lead_svc.team.tables import PEOPLE, TEAMS
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor, Role
from shared.errors import Invalid, NotFound
from shared.fields import Email, Key, Name
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.openapi import or_known
from shared.http.patch import NOT_GIVEN
from shared.http.permit import permitted

router = APIRouter(prefix="/v1/team", tags=["team"], route_class=ClinchRoute)
PersonRole = Annotated[Role, WithJsonSchema({"type": "string", "enum": [role for role in Role if role is not Role.system]})]


class TeamIn(Body):
    name: Name
    parent_id: UUID | None = Field(None, description="The team above.")
    external_id: Key | None = None


class TeamPatch(Body):
    name: Name = NOT_GIVEN
    parent_id: UUID | None = NOT_GIVEN


class TeamItem(BaseModel):
    id: UUID
    external_id: str | None
    name: str
    parent_id: UUID | None
    version: int


class TeamOut(TeamItem):
    allowed_actions: list[AllowedAction] = []

    @classmethod
    def of(cls, team: Team, actor: Actor) -> "TeamOut":
        made = cls.model_validate(team, from_attributes=True)
        made.allowed_actions = shown(TEAM_ACTS, team, actor)
        return made


class PersonIn(Body):
    name: Name
    role: PersonRole
    email: Email | None = None
    team_id: UUID | None = None
    active: StrictBool = True
    external_id: Key | None = Field(None, description="The subject of their access tokens, and the owner key of imports.")


class PersonPatch(Body):
    name: Name = NOT_GIVEN
    role: PersonRole = NOT_GIVEN
    email: Email | None = NOT_GIVEN
    team_id: UUID | None = NOT_GIVEN
    active: StrictBool = NOT_GIVEN


class PersonItem(BaseModel):
    """`imported`: named by an import as an owner, and entered by nobody yet."""

    id: UUID
    external_id: str | None
    name: str | None
    email: str | None
    role: Role
    team_id: UUID | None
    active: bool
    imported: bool
    version: int


class PersonOut(PersonItem):
    allowed_actions: list[AllowedAction] = []

    @classmethod
    def of(cls, person: Person, actor: Actor) -> "PersonOut":
        made = cls.model_validate(person, from_attributes=True)
        made.allowed_actions = shown(PERSON_ACTS, person, actor)
        return made


def _person_role(role: Role | None) -> None:
    if role is Role.system:
        raise Invalid("The role system is for acts of the system itself; choose another.", pointer="/role", code="role_system")


@router.post("/teams", status_code=201, response_model=TeamOut, responses=or_known(TeamOut), dependencies=[permitted(CREATE_TEAM)])
async def create_team(body: TeamIn, tx: InTx, by: CurrentActor, response: Response) -> TeamOut:
    """Create a team. An `external_id` that is known already brings that team to these values (200). For admin and ops."""
    team, new = await commands.enter_team(tx, name=body.name, parent_id=body.parent_id, external_id=body.external_id)
    response.status_code = 201 if new else 200
    return TeamOut.of(team, by)


@router.get("/teams", response_model=Page[TeamItem])
async def list_teams(page: Annotated[PageRequest, Depends(TEAMS_LIST.params)], db: Reading, by: CurrentActor) -> Page[Team]:
    return await TEAMS_LIST.page(db, page)


@router.get("/teams/{team_id}", response_model=TeamOut)
async def get_team(team_id: UUID, db: Reading, by: CurrentActor) -> TeamOut:
    return TeamOut.of(await db.get(TEAMS, team_id), by)


@router.patch("/teams/{team_id}", response_model=TeamOut)
async def change_team(team_id: UUID, body: TeamPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> TeamOut:
    """Rename a team, or move it in the tree (409 `team_cycle` when it would come under itself). For admin and ops."""
    return TeamOut.of(await commands.change_team(tx, team_id, body.model_dump(exclude_unset=True), expect), by)


@router.post("/people", status_code=201, response_model=PersonOut, responses=or_known(PersonOut), dependencies=[permitted(CREATE_PERSON)])
async def create_person(body: PersonIn, tx: InTx, by: CurrentActor, request: Request, response: Response) -> PersonOut:
    """Add a person. An `external_id` that is known already brings that person to these values (200), and so fills up a
    stub that an import has left. For admin and ops."""
    _person_role(body.role)
    person, new = await commands.enter_person(tx, external_id=body.external_id, given=body.model_dump(exclude={"external_id"}))
    response.status_code = 201 if new else 200
    _heed(request, person)
    return PersonOut.of(person, by)


@router.get("/people", response_model=Page[PersonItem])
async def list_people(page: Annotated[PageRequest, Depends(PEOPLE_LIST.params)], db: Reading, by: CurrentActor) -> Page[Person]:
    return await PEOPLE_LIST.page(db, page)


@router.get("/people/me", response_model=PersonOut)
async def get_me(db: Reading, by: CurrentActor) -> PersonOut:
    """Who I am in the roster; 404 while nobody has entered me."""
    me = await db.first(PEOPLE.get, id=by.id)
    if me is None:
        raise NotFound("You are not in the roster yet; ask an admin to add you.")
    return PersonOut.of(me, by)


@router.get("/people/{person_id}", response_model=PersonOut)
async def get_person(person_id: UUID, db: Reading, by: CurrentActor) -> PersonOut:
    return PersonOut.of(await db.get(PEOPLE, person_id), by)


@router.patch("/people/{person_id}", response_model=PersonOut)
async def change_person(person_id: UUID, body: PersonPatch, tx: InTx, by: CurrentActor, expect: IfMatch, request: Request) -> PersonOut:
    """Change a person's name, role, team, or whether they are active. For admin and ops.

    `active: false` is for somebody who left: within seconds every service refuses their tokens (403 `person_inactive`) and ends their
    streams, and nothing new can be given to them. Their records and their running imports stay as they are.
    """
    given = body.model_dump(exclude_unset=True)
    _person_role(given.get("role"))
    person = await commands.change_person(tx, person_id, given, expect)
    _heed(request, person)
    return PersonOut.of(person, by)


def _heed(request: Request, person: Person) -> None:
    """This process refuses at once whom it has set inactive; others learn of it in a moment."""
    if "dry_run" not in request.query_params:
        request.app.state.leavers.note(person.id, active=person.active)
