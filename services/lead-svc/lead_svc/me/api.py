"""`GET /v1/me`: who asks, what they see and what they may ever do, over all services."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import any_, bindparam, func, select

from lead_svc.me.queries import On, known_acts, on_what, seen_kinds
from lead_svc.team.queries import PersonItem, TeamItem
from lead_svc.team.record import Team
from lead_svc.team.tables import PEOPLE, TEAM, TEAMS
from shared.auth import CurrentActor
from shared.auth.actor import Role
from shared.db.query import Query
from shared.db.tables import ROSTER
from shared.http.edge import ClinchRoute, Reading
from shared.known import ActName, ActOperation

router = APIRouter(prefix="/v1/me", tags=["team"], route_class=ClinchRoute)

_TEAMS_ABOVE = Query(
    select(*[TEAM.c[n] for n in TEAMS.names])
    .join(ROSTER, TEAM.c.id == any_(ROSTER.c.team_path))
    .where(ROSTER.c.person_id == bindparam("id"))
    .order_by(func.array_position(ROSTER.c.team_path, TEAM.c.id)),
    Team,
)
How = Literal["every", "tree", "accounts", "review", "through", "own", "pool"]


class SeenKind(BaseModel):
    kind: str = Field(examples=["deal"])
    label: str
    how: list[How] = Field(
        description="`every` record; what their `tree` of teams owns; records of their `accounts`; what is up for `review`; `through` "
        "another record that they see; their `own`; the `pool` of those that nobody owns. What they own or have a part in is always seen."
    )
    masked: bool = Field(description="Personal data and what customers said are shown masked.")


class MayAct(BaseModel):
    service: str
    record: str = Field(examples=["lead"])
    action: ActName = Field(description="As `allowed_actions` names it.", examples=["qualify"])
    operation_id: ActOperation
    on: list[On] = Field(description="On `every` record that they see, on their `own`, and on those that are `unowned`.")


class MeOut(BaseModel):
    """`person` is null for somebody who is not in the roster. `acts` are those that they may ever do; a record says which it allows now."""

    id: str
    person: PersonItem | None
    teams: list[TeamItem] = Field(description="From the root to their own team.")
    roles: list[Role]
    scopes: list[str] = Field(description="Of another system's client.")
    sees: list[SeenKind]
    acts: list[MayAct]


@router.get("")
async def get_my_rights(db: Reading, by: CurrentActor) -> MeOut:
    """Who I am, what I see and what I may ever do, in all services."""
    person = await db.first(PEOPLE.get, id=by.id)
    teams = await db.all(_TEAMS_ABOVE, id=by.id) if person is not None else []
    acts = [
        MayAct(service=act.service, record=act.record, action=act.action, operation_id=act.operation_id, on=on)
        for act in known_acts()
        if (on := on_what(act, by))
    ]
    return MeOut(
        id=str(by.id),
        person=person and PersonItem(**{name: getattr(person, name) for name in PersonItem.model_fields}),
        teams=[TeamItem(**{name: getattr(team, name) for name in TeamItem.model_fields}) for team in teams],
        roles=[role for role in Role if role in by.roles],
        scopes=sorted(by.scopes),
        sees=[SeenKind(**seen) for seen in seen_kinds(by)],
        acts=acts,
    )
