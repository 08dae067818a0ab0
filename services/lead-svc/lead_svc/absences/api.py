"""`/v1/team/people/{id}/absences`: the days on which somebody is away."""

from typing import Annotated, ClassVar, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from lead_svc.absences import commands
from lead_svc.absences.fields import AbsenceFields
from lead_svc.absences.queries import LIST, OF_PERSON, AbsenceItem, in_reach
from lead_svc.absences.record import Absence
from lead_svc.absences.rules import ABSENCE_ACTS, ENTER
from lead_svc.absences.tables import ABSENCES
from lead_svc.team.tables import PEOPLE
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor
from shared.db.tx import Reader
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.permit import permitted

router = APIRouter(prefix="/v1/team/people", tags=["team"], route_class=ClinchRoute)


class AbsenceIn(AbsenceFields, Body):
    """Both days are days where the company is, and included."""


class AbsenceOut(AbsenceItem):
    version_says_all: ClassVar[bool] = False  # what may be done with it depends on who is above the person today
    allowed_actions: list[AllowedAction]

    @classmethod
    async def of(cls, db: Reader, absence: Absence, by: Actor) -> Self:
        known = {name: getattr(absence, name) for name in AbsenceItem.model_fields}
        return cls(**known, allowed_actions=shown(ABSENCE_ACTS, absence, by, await in_reach(db, absence, by)))


@router.post("/{person_id}/absences", status_code=201, dependencies=[permitted(ENTER)])
async def enter_absence(person_id: UUID, body: AbsenceIn, tx: InTx, by: CurrentActor, response: Response) -> AbsenceOut:
    """Say on which days a person is away: your own, or as a manager those of your teams. Rules give them no leads on these days."""
    absence = await commands.enter(tx, person_id, body.first_day, body.last_day)
    response.headers["Location"] = f"/v1/team/people/{person_id}/absences/{absence.id}"
    return await AbsenceOut.of(tx, absence, by)


@router.get("/{person_id}/absences")
async def list_absences(
    person_id: UUID, page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor
) -> Page[AbsenceItem]:
    """The days on which a person is, was or will be away, the latest first."""
    person = await db.get(PEOPLE, person_id)
    return await LIST.page(db, page, where=OF_PERSON, params={"person": person.id})


@router.get("/{person_id}/absences/{absence_id}")
async def get_absence(person_id: UUID, absence_id: UUID, db: Reading, by: CurrentActor) -> AbsenceOut:
    absence = await db.get(ABSENCES, absence_id)
    if absence.person_id != person_id:
        raise ABSENCES.missing()
    return await AbsenceOut.of(db, absence, by)


@router.patch("/{person_id}/absences/{absence_id}")
async def change_absence(person_id: UUID, absence_id: UUID, body: AbsenceIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> AbsenceOut:
    """Change the days: both are given."""
    return await AbsenceOut.of(tx, await commands.change(tx, person_id, absence_id, body.first_day, body.last_day, expect), by)


@router.delete("/{person_id}/absences/{absence_id}")
async def remove_absence(person_id: UUID, absence_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> AbsenceItem:
    """Take an absence back."""
    return AbsenceItem.model_validate(await commands.remove(tx, person_id, absence_id, expect), from_attributes=True)
