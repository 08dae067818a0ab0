"""Reads of absences. Everybody signed in may see who is away when: colleagues plan by it."""

from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam

from lead_svc.absences.fields import AbsenceFields
from lead_svc.absences.record import Absence
from lead_svc.absences.rules import asks_for_reach
from lead_svc.absences.tables import ABSENCE
from lead_svc.team.queries import in_team_of
from shared.auth import Actor
from shared.db.tx import Reader
from shared.http.answer import Answer
from shared.http.listing import Listing, described

OF_PERSON: ColumnElement[bool] = ABSENCE.c.person_id == bindparam("person", type_=Uuid)


class AbsenceItem(AbsenceFields, Answer):
    id: UUID
    person_id: UUID
    version: int


LIST = Listing(ABSENCE, AbsenceItem, filters=described(ABSENCE, AbsenceFields), sorts=("first_day",), default="-first_day")


async def in_reach(db: Reader, absence: Absence, by: Actor) -> bool:
    """Whether the person is in the teams of somebody who needs that to keep their absences."""
    return asks_for_reach(absence, by) and await in_team_of(db, by.id, absence.person_id)
