"""When a person works: at their own times or as the company does, but for the days on which they are away."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from lead_svc.team.fields import Works
from shared.calendar import DAY
from shared.calendar.working import Calendar
from shared.db.tx import Reader
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY, CompanyPolicy

_WORKS = """
SELECT p.id, p.works, a.first_day, a.last_day FROM person p LEFT JOIN absence a ON a.person_id = p.id AND a.last_day >= $2
WHERE p.id = ANY($1::uuid[]) AND (p.works IS NOT NULL OR a.id IS NOT NULL)
"""


async def calendars_of(db: Reader, people: Collection[UUID], day: date) -> Mapping[UUID, Calendar]:
    """The calendar of each of these people from this day on, by one statement."""
    if not people:
        return {}
    policy = db.policy(COMPANY_POLICY)
    works: dict[UUID, Works] = {}
    away: dict[UUID, dict[date, bool]] = defaultdict(dict)
    for row in await db.rows(_WORKS, list(people), day):
        if row["works"] is not None:
            works[row["id"]] = Works.model_validate(row["works"])
        if row["first_day"] is not None:
            for n in range((row["last_day"] - row["first_day"]).days + 1):
                away[row["id"]][row["first_day"] + n * DAY] = False
    return {id: _calendar(policy, works.get(id), away.get(id, {})) for id in people}


def _calendar(policy: CompanyPolicy, works: Works | None, away: Mapping[date, bool]) -> Calendar:
    calendar = calendar_of(policy, works.time if works else None)
    return replace(calendar, overrides={**(calendar.overrides or {}), **away}) if away else calendar
