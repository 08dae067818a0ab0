"""Say on which days people are away."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy import bindparam, delete

from lead_svc.absences.queries import in_reach
from lead_svc.absences.record import Absence
from lead_svc.absences.rules import CHANGE, ENTER, REMOVE
from lead_svc.absences.tables import ABSENCE, ABSENCES
from lead_svc.team.tables import PEOPLE
from shared.db.query import Query
from shared.db.tx import Tx
from shared.events.absence import AbsenceChanged, AbsenceEntered, AbsenceRemoved
from shared.ids import new_id

_DELETE = Query(delete(ABSENCE).where(ABSENCE.c.id == bindparam("id")), UUID)


async def enter(tx: Tx, person_id: UUID, first_day: date, last_day: date) -> Absence:
    """Somebody is away from one day to another, both included."""
    ENTER.permit(tx.actor)
    person = await tx.get(PEOPLE, person_id)
    absence = Absence(new_id(), 0, person.id, first_day, last_day, tx.now, tx.now)
    ENTER.check(absence, tx.actor, facts=await in_reach(tx, absence, tx.actor))
    return await tx.add(ABSENCES, absence, AbsenceEntered.of(absence))


async def change(tx: Tx, person_id: UUID, id: UUID, first_day: date, last_day: date, expect: int | None) -> Absence:
    absence = await _load(tx, person_id, id, expect)
    CHANGE.check(absence, tx.actor, facts=await in_reach(tx, absence, tx.actor))
    changed = replace(absence, first_day=first_day, last_day=last_day)
    if changed == absence:
        return absence
    return await tx.save(ABSENCES, absence, AbsenceChanged.of(changed), first_day=first_day, last_day=last_day)


async def remove(tx: Tx, person_id: UUID, id: UUID, expect: int | None) -> Absence:
    absence = await _load(tx, person_id, id, expect)
    REMOVE.check(absence, tx.actor, facts=await in_reach(tx, absence, tx.actor))
    await tx.run(_DELETE, id=id)
    tx.tell(id, absence.version + 1, AbsenceRemoved.of(absence))
    return replace(absence, version=absence.version + 1)


async def _load(tx: Tx, person_id: UUID, id: UUID, expect: int | None) -> Absence:
    absence = await tx.load(ABSENCES, id, expect)
    if absence.person_id != person_id:
        raise ABSENCES.missing()
    return absence
