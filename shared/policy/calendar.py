"""The company's calendar, as its policy says."""

from functools import partial
from zoneinfo import ZoneInfo

from shared.calendar.official import official_year
from shared.calendar.working import Calendar
from shared.policy.company import CompanyPolicy, DayKind, Weekday, WorkingTime

_DAYS = tuple(Weekday)


def calendar_of(policy: CompanyPolicy, works: WorkingTime | None = None) -> Calendar:
    """When the company works; or somebody who `works` at other times than it does, on its days."""
    time = works or policy
    return Calendar(
        zone=ZoneInfo(time.zone),
        week=frozenset(_DAYS.index(day) for day in time.week),
        hours=tuple((part.begins, part.ends) for part in time.hours),
        official=partial(official_year, policy.country),
        overrides={day: kind is DayKind.WORKING for day, kind in policy.overrides.items()},
    )
