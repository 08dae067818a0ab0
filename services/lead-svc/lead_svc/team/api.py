"""`/v1/team`: teams as a tree, and the people in them."""

from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from lead_svc.team import commands
from lead_svc.team.fields import PersonFields, TeamFields, Works
from lead_svc.team.queries import PEOPLE_LIST, TEAMS_LIST, PersonItem, TeamItem
from lead_svc.team.record import Person, Team
from lead_svc.team.rules import CREATE_PERSON, CREATE_TEAM, PERSON_ACTS, TEAM_ACTS
from lead_svc.team.tables import PEOPLE, TEAMS
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor, Role
from shared.errors import Invalid, NotFound
from shared.fields import Key
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.openapi import or_known
from shared.http.patch import Patch
from shared.http.permit import permitted

router = APIRouter(prefix="/v1/team", tags=["team"], route_class=ClinchRoute)


class TeamIn(TeamFields, Body):
    external_id: Key | None = None


class TeamPatch(Patch, TeamFields):
    pass


class TeamOut(TeamItem):
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(cls, team: Team, by: Actor) -> Self:
        known = {name: getattr(team, name) for name in TeamItem.model_fields}
        return cls(**known, allowed_actions=shown(TEAM_ACTS, team, by))


class PersonIn(PersonFields, Body):
    external_id: Key | None = Field(None, description="The subject of their access tokens, and the owner key of imports.")


class PersonPatch(Patch, PersonFields):
    pass


class PersonOut(PersonItem):
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(cls, person: Person, by: Actor) -> Self:
        known = {name: getattr(person, name) for name in PersonItem.model_fields}
        return cls(**known, allowed_actions=shown(PERSON_ACTS, person, by))


def _stored(given: dict[str, Any]) -> dict[str, Any]:
    """With what is kept as a document in that form."""
    works: Works | None = given.get("works")
    return given | {"works": works.model_dump(mode="json")} if works else given


def _person_role(role: Role | None) -> None:
    if role is Role.system:
        raise Invalid("The role system is for acts of the system itself; choose another.", pointer="/role", code="role_system")


@router.post("/teams", status_code=201, responses=or_known(TeamOut), dependencies=[permitted(CREATE_TEAM)])
async def create_team(body: TeamIn, tx: InTx, by: CurrentActor, response: Response) -> TeamOut:
    """Create a team. An `external_id` that is known already brings that team to these values (200). For admin and ops."""
    team, new = await commands.enter_team(tx, name=body.name, parent_id=body.parent_id, external_id=body.external_id)
    response.status_code = 201 if new else 200
    return TeamOut.of(team, by)


@router.get("/teams")
async def list_teams(page: Annotated[PageRequest, Depends(TEAMS_LIST.params)], db: Reading, by: CurrentActor) -> Page[TeamItem]:
    return await TEAMS_LIST.page(db, page)


@router.get("/teams/{team_id}")
async def get_team(team_id: UUID, db: Reading, by: CurrentActor) -> TeamOut:
    return TeamOut.of(await db.get(TEAMS, team_id), by)


@router.patch("/teams/{team_id}")
async def change_team(team_id: UUID, body: TeamPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> TeamOut:
    """Rename a team, or move it in the tree (409 `team_cycle` when it would come under itself). For admin and ops."""
    return TeamOut.of(await commands.change_team(tx, team_id, body.given(), expect), by)


@router.post("/people", status_code=201, responses=or_known(PersonOut), dependencies=[permitted(CREATE_PERSON)])
async def create_person(body: PersonIn, tx: InTx, by: CurrentActor, request: Request, response: Response) -> PersonOut:
    """Add a person. An `external_id` that is known already brings that person to these values (200), and so fills up a
    stub that an import has left. For admin and ops."""
    _person_role(body.role)
    person, new = await commands.enter_person(
        tx, external_id=body.external_id, given=_stored(body.model_dump(exclude={"external_id", "works"}) | {"works": body.works})
    )
    response.status_code = 201 if new else 200
    _heed(request, person)
    return PersonOut.of(person, by)


@router.get("/people")
async def list_people(page: Annotated[PageRequest, Depends(PEOPLE_LIST.params)], db: Reading, by: CurrentActor) -> Page[PersonItem]:
    return await PEOPLE_LIST.page(db, page)


@router.get("/people/me")
async def get_me(db: Reading, by: CurrentActor) -> PersonOut:
    """Who I am in the roster; 404 while nobody has entered me."""
    me = await db.first(PEOPLE.get, id=by.id)
    if me is None:
        raise NotFound("You are not in the roster yet; ask an admin to add you.")
    return PersonOut.of(me, by)


@router.get("/people/{person_id}")
async def get_person(person_id: UUID, db: Reading, by: CurrentActor) -> PersonOut:
    return PersonOut.of(await db.get(PEOPLE, person_id), by)


@router.patch("/people/{person_id}")
async def change_person(person_id: UUID, body: PersonPatch, tx: InTx, by: CurrentActor, expect: IfMatch, request: Request) -> PersonOut:
    """Change a person's name, role, team, or whether they are active. For admin and ops.

    `active: false` is for somebody who left: within seconds every service refuses their tokens (403 `person_inactive`) and ends their
    streams, and nothing new can be given to them. Their records and their running imports stay as they are.
    """
    given = _stored(body.given())
    _person_role(given.get("role"))
    person = await commands.change_person(tx, person_id, given, expect)
    _heed(request, person)
    return PersonOut.of(person, by)


def _heed(request: Request, person: Person) -> None:
    """This process refuses at once whom it has set inactive; others learn of it in a moment."""
    if "dry_run" not in request.query_params:
        request.app.state.leavers.note(person.id, active=person.active)
