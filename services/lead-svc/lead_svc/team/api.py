"""`/v1/team`: teams as a tree, and the people in them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from lead_svc.team import commands
from lead_svc.team.queries import PEOPLE_LIST, TEAMS_LIST
from lead_svc.team.rules import KEEPERS, Person, Team
from lead_svc.team.tables import PEOPLE, TEAMS
from shared.auth import CurrentActor, Role, require
from shared.errors import Invalid, NotFound
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import NOT_GIVEN

router = APIRouter(prefix="/v1/team", tags=["team"], route_class=ClinchRoute)
Keeper = Depends(require(*KEEPERS))
Name = Annotated[str, Field(min_length=1, max_length=200)]
Key = Annotated[str, Field(min_length=1, max_length=200, description="What another system calls it; unique.")]
Email = Annotated[str, Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")]
PersonRole = Annotated[Role, Field(description="`system` is nobody's role.")]


class TeamIn(BaseModel):
    name: Name
    parent_id: UUID | None = Field(None, description="The team above.")
    external_id: Key | None = None


class TeamPatch(BaseModel):
    name: Name = NOT_GIVEN
    parent_id: UUID | None = NOT_GIVEN


class TeamOut(BaseModel):
    id: UUID
    external_id: str | None
    name: str
    parent_id: UUID | None
    version: int


class PersonIn(BaseModel):
    name: Name
    role: PersonRole
    email: Email | None = None
    team_id: UUID | None = None
    active: bool = True
    external_id: Key | None = Field(None, description="The subject of his access tokens, and the owner key of imports.")


class PersonPatch(BaseModel):
    name: Name = NOT_GIVEN
    role: PersonRole = NOT_GIVEN
    email: Email | None = NOT_GIVEN
    team_id: UUID | None = NOT_GIVEN
    active: bool = NOT_GIVEN


class PersonOut(BaseModel):
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


def _person_role(role: Role | None) -> None:
    if role is Role.system:
        raise Invalid("The role system is for our own acts; choose another.", pointer="/role", code="role_system")


@router.post("/teams", status_code=201, response_model=TeamOut, dependencies=[Keeper])
async def create_team(body: TeamIn, tx: InTx, response: Response) -> Team:
    """Create a team. An `external_id` that is known already brings that team to these values (200). For admin and ops."""
    team, new = await commands.enter_team(tx, name=body.name, parent_id=body.parent_id, external_id=body.external_id)
    response.status_code = 201 if new else 200
    return team


@router.get("/teams", response_model=Page[TeamOut])
async def list_teams(page: Annotated[PageRequest, Depends(TEAMS_LIST.params)], db: Reading, by: CurrentActor) -> Page[Team]:
    return await TEAMS_LIST.page(db, page)


@router.get("/teams/{team_id}", response_model=TeamOut)
async def get_team(team_id: UUID, db: Reading, by: CurrentActor) -> Team:
    return await db.get(TEAMS, team_id)


@router.patch("/teams/{team_id}", response_model=TeamOut, dependencies=[Keeper])
async def change_team(team_id: UUID, body: TeamPatch, tx: InTx, expect: IfMatch) -> Team:
    """Rename a team, or move it in the tree (409 `team_cycle` when it would come under itself). For admin and ops."""
    return await commands.change_team(tx, team_id, body.model_dump(exclude_unset=True), expect)


@router.post("/people", status_code=201, response_model=PersonOut, dependencies=[Keeper])
async def create_person(body: PersonIn, tx: InTx, response: Response) -> Person:
    """Add a person. An `external_id` that is known already brings that person to these values (200), and so fills up a
    stub that an import has left. For admin and ops."""
    _person_role(body.role)
    person, new = await commands.enter_person(tx, external_id=body.external_id, given=body.model_dump(exclude={"external_id"}))
    response.status_code = 201 if new else 200
    return person


@router.get("/people", response_model=Page[PersonOut])
async def list_people(page: Annotated[PageRequest, Depends(PEOPLE_LIST.params)], db: Reading, by: CurrentActor) -> Page[Person]:
    return await PEOPLE_LIST.page(db, page)


@router.get("/people/me", response_model=PersonOut)
async def get_me(db: Reading, by: CurrentActor) -> Person:
    """Who I am in the roster; 404 while nobody has entered me."""
    me = await db.first(PEOPLE.get, id=by.id)
    if me is None:
        raise NotFound("You are not in the roster yet; ask an admin to add you.")
    return me


@router.get("/people/{person_id}", response_model=PersonOut)
async def get_person(person_id: UUID, db: Reading, by: CurrentActor) -> Person:
    return await db.get(PEOPLE, person_id)


@router.patch("/people/{person_id}", response_model=PersonOut, dependencies=[Keeper])
async def change_person(person_id: UUID, body: PersonPatch, tx: InTx, expect: IfMatch) -> Person:
    """Change a person's name, role, team, or whether he is active. For admin and ops."""
    given = body.model_dump(exclude_unset=True)
    _person_role(given.get("role"))
    return await commands.change_person(tx, person_id, given, expect)
