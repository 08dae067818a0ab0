"""When a person works: at their own times or as the company does, but for the days on which they are away."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy import Date, bindparam, select

from lead_svc.absences.record import Absence
from lead_svc.absences.tables import ABSENCE, ABSENCES
from lead_svc.team.fields import Works
from shared.calendar import DAY
from shared.calendar.working import Calendar
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY, CompanyPolicy

_FROM = Query(
    select(*[ABSENCE.c[n] for n in ABSENCES.names]).where(
        is_in(ABSENCE.c.person_id, "people"), ABSENCE.c.last_day >= bindparam("day", type_=Date)
    ),
    Absence,
)


_WORKS = "SELECT id, works FROM person WHERE id = ANY($1::uuid[]) AND works IS NOT NULL"


async def calendars_of(db: Reader, people: Collection[UUID], day: date) -> Mapping[UUID, Calendar]:
    """The calendar of each of these people from this day on, by two statements."""
    if not people:
        return {}
    policy = db.policy(COMPANY_POLICY)
    works = {row["id"]: Works.model_validate(row["works"]) for row in await db.rows(_WORKS, list(people))}
    away: dict[UUID, dict[date, bool]] = defaultdict(dict)
    for absence in await db.all(_FROM, people=list(people), day=day):
        for n in range((absence.last_day - absence.first_day).days + 1):
            away[absence.person_id][absence.first_day + n * DAY] = False
    return {id: _calendar(policy, works.get(id), away.get(id, {})) for id in people}


def _calendar(policy: CompanyPolicy, works: Works | None, away: Mapping[date, bool]) -> Calendar:
    calendar = calendar_of(policy, works.time if works else None)
    return replace(calendar, overrides={**(calendar.overrides or {}), **away}) if away else calendar
