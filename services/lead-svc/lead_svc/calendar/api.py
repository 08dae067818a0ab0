"""`GET /v1/policies/company/calendar`: the days of a year that are not as the week says."""

import asyncio
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from shared.auth import CurrentActor
from shared.calendar import day_of
from shared.calendar.working import Calendar
from shared.clock import FIRST_YEAR, LAST_YEAR
from shared.fields import OfDay
from shared.http.edge import ClinchRoute, Reading
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY, CompanyPolicy, Weekday

router = APIRouter(prefix="/v1/policies/company/calendar", tags=["policies"], route_class=ClinchRoute)


class DaySource(StrEnum):
    """Why a day is not as the week says."""

    OFFICIAL = "official"
    OVERRIDE = "override"


class CalendarDay(BaseModel):
    day: date
    weekday: Weekday
    working: bool
    source: DaySource = Field(description="The country's official days, or the company's own exception.")
    name: str | None = Field(description="What the country calls it.")


class HoursOut(BaseModel):
    begins: OfDay
    ends: OfDay


class CalendarOut(BaseModel):
    """When the company works in a year. `days` are those that the week alone would have otherwise, and its own exceptions."""

    year: int
    country: str = Field(description="Whose official days count; empty for none.")
    known: bool = Field(description="Whether the official days of the year are known. If not, the week and the exceptions count alone.")
    zone: str
    week: list[Weekday]
    hours: list[HoursOut]
    working_days: int = Field(description="How many days of the year are worked.")
    days: list[CalendarDay]


@router.get("")
async def get_company_calendar(
    db: Reading,
    by: CurrentActor,
    request: Request,
    year: Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR, description="This year without it.")] = None,
) -> CalendarOut:
    """The company's holidays and make-up working days of a year, and where each comes from."""
    policy = db.policy(COMPANY_POLICY)
    calendar = calendar_of(policy)
    wanted = year or day_of(request.app.state.clock(), calendar.zone).year
    return await asyncio.to_thread(_shown, calendar, policy, wanted)  # reading a country's days for the first time takes a moment


def _shown(calendar: Calendar, policy: CompanyPolicy, year: int) -> CalendarOut:
    days = [date.fromordinal(n) for n in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)]
    return CalendarOut(
        year=year,
        country=policy.country,
        known=calendar.official(year).known,
        zone=policy.zone,
        week=list(policy.week),
        hours=[HoursOut(begins=part.begins, ends=part.ends) for part in policy.hours],
        working_days=sum(map(calendar.is_working_day, days)),
        days=list(_different(calendar, policy, days)),
    )


def _different(calendar: Calendar, policy: CompanyPolicy, days: list[date]) -> Iterator[CalendarDay]:
    for day in days:
        official = calendar.official(day.year).days.get(day)
        working, usual = calendar.is_working_day(day), day.weekday() in calendar.week
        if day in policy.overrides or (official is not None and (working != usual or official.name)):
            source = DaySource.OVERRIDE if day in policy.overrides else DaySource.OFFICIAL
            name = official.name if official else None
            yield CalendarDay(day=day, weekday=tuple(Weekday)[day.weekday()], working=working, source=source, name=name)
