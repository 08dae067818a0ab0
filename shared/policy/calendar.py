"""The company's calendar, as its policy says."""

from functools import partial
from zoneinfo import ZoneInfo

from shared.calendar.official import official_year
from shared.calendar.working import Calendar
from shared.policy.company import CompanyPolicy, DayKind, Weekday

_DAYS = tuple(Weekday)


def calendar_of(policy: CompanyPolicy) -> Calendar:
    """When the company works."""
    return Calendar(
        zone=ZoneInfo(policy.zone),
        week=frozenset(_DAYS.index(day) for day in policy.week),
        hours=tuple((part.begins, part.ends) for part in policy.hours),
        official=partial(official_year, policy.country),
        overrides={day: kind is DayKind.WORKING for day, kind in policy.overrides.items()},
    )
