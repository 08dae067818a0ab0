"""Working days and hours: whatever the zone, the week and the clocks do."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar.official import official_year
from shared.calendar.working import NO_COUNTRY, Calendar, NeverWorks, OfficialDay, Year
from shared.policy.calendar import calendar_of
from shared.policy.company import CompanyPolicy, DayKind, Weekday, WorkingHours

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
WEEK = frozenset(range(5))
LUNCH = ((time(9), time(12)), (time(13), time(18)))
ZONES = [
    "UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia",
    "Asia/Beirut", "America/Havana",
]  # fmt: skip
"""With and without clock changes, of whole and half hours, at midnight too; and one that left out a day."""


def hours() -> st.SearchStrategy[tuple[tuple[time, time], ...]]:
    """Up to three parts of a day, in order and apart, by night too."""
    minutes = st.lists(st.integers(0, 24 * 60 - 1), min_size=2, max_size=6, unique=True).filter(lambda found: len(found) % 2 == 0)
    return minutes.map(sorted).map(lambda m: tuple((clock(a), clock(b)) for a, b in zip(m[::2], m[1::2], strict=True)))


def clock(minute: int) -> time:
    return time(minute // 60, minute % 60)


calendars = st.builds(
    Calendar,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    week=st.frozensets(st.integers(0, 6), min_size=1),
    hours=hours(),
    overrides=st.dictionaries(st.dates(date(2011, 12, 20), date(2012, 1, 10)), st.booleans(), max_size=5),
)
# Around a day that Samoa left out, and changes of clocks both ways on both halves of the Earth.
moments = st.one_of(
    *[
        st.timedeltas(timedelta(), timedelta(days=6)).map(lambda after, begins=datetime(y, m, d, tzinfo=UTC): begins + after)
        for y, m, d in ((2011, 12, 28), (2026, 3, 6), (2026, 3, 27), (2026, 4, 3), (2026, 10, 2), (2026, 10, 23), (2026, 10, 30))
    ]
)
amounts = st.integers(0, 300 * 60).map(lambda minutes: minutes / 60)


def is_worked(calendar: Calendar, at: datetime) -> bool:
    """Also at the very end of a span, where a deadline may lie."""
    day = at.astimezone(calendar.zone).date()
    return any(begins <= at <= ends for n in (-1, 0, 1) for begins, ends in calendar.spans(day + timedelta(days=n)))


@given(calendars, moments)
def test_spans_are_in_order_and_never_overlap(calendar: Calendar, at: datetime) -> None:
    first = at.astimezone(calendar.zone).date()
    spans = [span for n in range(6) for span in calendar.spans(first + timedelta(days=n))]
    assert all(begins < ends for begins, ends in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


@given(calendars, moments, amounts)
def test_hours_end_in_working_time_and_are_what_was_worked(calendar: Calendar, at: datetime, more: float) -> None:
    end = calendar.add_working_hours(at, more)
    assert end >= at
    assert is_worked(calendar, end)
    assert abs(calendar.working_time_between(at, end) - timedelta(hours=more)) < timedelta(milliseconds=1)


@given(calendars, moments, amounts, amounts)
def test_hours_and_more_hours_are_all_the_hours_at_once(calendar: Calendar, at: datetime, a: float, b: float) -> None:
    stepwise, at_once = calendar.add_working_hours(calendar.add_working_hours(at, a), b), calendar.add_working_hours(at, a + b)
    assert abs(calendar.working_time_between(stepwise, at_once)) < timedelta(milliseconds=1)


@given(calendars, moments, st.timedeltas(timedelta(), timedelta(days=3)), amounts)
def test_who_begins_later_is_never_done_earlier(calendar: Calendar, at: datetime, later: timedelta, more: float) -> None:
    assert calendar.add_working_hours(at, more) <= calendar.add_working_hours(at + later, more)
    assert calendar.next_working_time(at) <= calendar.next_working_time(at + later)


@given(calendars, moments)
def test_the_next_working_time_is_the_first(calendar: Calendar, at: datetime) -> None:
    found = calendar.next_working_time(at)
    assert found >= at
    assert calendar.working_time_between(at, found) == timedelta()
    assert calendar.working_time_between(found, found + timedelta(minutes=1)) > timedelta()
    assert calendar.next_working_time(found) == found


@given(calendars, st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(-40, 40))
def test_days_are_counted_in_working_days(calendar: Calendar, day: date, n: int) -> None:
    found = calendar.add_working_days(day, n)
    assert calendar.is_working_day(found)
    first, last = (day + timedelta(days=1), found) if n > 0 else (found, day - timedelta(days=1))
    between = [first + timedelta(days=k) for k in range((last - first).days + 1)]
    assert n == 0 or sum(map(calendar.is_working_day, between)) == abs(n)


@pytest.mark.parametrize(
    ("begins", "more", "ends"),
    [
        ("2026-03-02T09:00", 1, "2026-03-02T10:00"),
        ("2026-03-02T11:00", 2, "2026-03-02T14:00"),  # over lunch
        ("2026-03-02T17:00", 1, "2026-03-02T18:00"),  # at the end of the day, not the beginning of the next
        ("2026-03-06T17:00", 2, "2026-03-09T10:00"),  # over the weekend
        ("2026-03-07T03:00", 0, "2026-03-09T09:00"),
        ("2026-03-27T17:30", 8, "2026-03-30T17:30"),  # clocks go forward on Sunday: working hours do not notice
    ],
)
def test_hours_of_an_office_in_berlin(begins: str, more: float, ends: str) -> None:
    office = Calendar(BERLIN, WEEK, LUNCH)
    at, wanted = (datetime.fromisoformat(text).replace(tzinfo=BERLIN) for text in (begins, ends))
    assert office.add_working_hours(at, more) == wanted


def test_a_night_shift_has_the_hours_that_the_night_has() -> None:
    night = Calendar(BERLIN, frozenset(range(7)), ((time(0), time(6)),))
    spring, autumn = (
        sum((ends - begins for begins, ends in night.spans(day)), timedelta()) for day in (date(2026, 3, 29), date(2026, 10, 25))
    )
    assert (spring, autumn) == (timedelta(hours=5), timedelta(hours=7))
    gap = Calendar(BERLIN, frozenset(range(7)), ((time(2, 15), time(2, 45)),))
    assert gap.spans(date(2026, 3, 29)) == [], "that half hour does not exist on that day"
    samoa = Calendar(ZoneInfo("Pacific/Apia"), frozenset(range(7)), LUNCH)
    assert samoa.spans(date(2011, 12, 30)) == [], "nor does that day in Samoa"


def test_a_calendar_without_work_says_so() -> None:
    never = Calendar(SHANGHAI, frozenset(), LUNCH)
    with pytest.raises(NeverWorks):
        never.next_working_time(datetime(2026, 3, 2, tzinfo=UTC))
    with pytest.raises(NeverWorks):
        never.add_working_days(date(2026, 3, 2), 1)
    with pytest.raises(ValueError, match="not taken away"):
        Calendar(SHANGHAI, WEEK, LUNCH).add_working_hours(datetime(2026, 3, 2, tzinfo=UTC), -1)


def test_what_the_company_says_goes_before_the_country_and_this_before_the_week() -> None:
    days: Mapping[date, OfficialDay] = {date(2026, 2, 28): OfficialDay(True), date(2026, 2, 17): OfficialDay(False, "Spring Festival")}
    its = Calendar(SHANGHAI, WEEK, LUNCH, lambda _: Year(True, days), {date(2026, 2, 17): True, date(2026, 3, 2): False})
    found = [its.is_working_day(date(2026, m, d)) for m, d in ((2, 28), (2, 17), (3, 2), (3, 3), (3, 1))]
    assert found == [True, True, False, True, False]


# -- Official days -----------------------------------------------------------------------------------------------------------


def test_china_moves_days_off_and_works_weekends_for_them() -> None:
    year = official_year("CN", 2026)
    assert year.known
    made_up = sorted(day for day, its in year.days.items() if its.working)
    assert made_up == [date(2026, m, d) for m, d in ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10))]
    assert not year.days[date(2026, 2, 17)].working
    its = calendar_of(CompanyPolicy(country="CN", zone="Asia/Shanghai"))
    assert its.add_working_days(date(2026, 2, 14), 1) == date(2026, 2, 24), "the Saturday is worked, then comes the Spring Festival"


def test_a_year_that_is_not_announced_has_the_week_alone() -> None:
    assert official_year("CN", 2090) == Year(False, {})
    assert official_year("XX", 2026) == Year(False, {})
    assert official_year("", 2026) == NO_COUNTRY
    its = calendar_of(CompanyPolicy(country="CN", zone="Asia/Shanghai"))
    assert its.is_working_day(date(2090, 10, 2)) is (date(2090, 10, 2).weekday() < 5)


def test_other_countries_have_their_days() -> None:
    assert [official_year(c, 2026).days[date(2026, m, d)].working for c, m, d in (("DE", 12, 25), ("US", 7, 3), ("JP", 5, 6))] == [
        False
    ] * 3
    assert official_year("HU", 2026).days[date(2026, 8, 8)].working


def test_a_policy_is_a_calendar() -> None:
    policy = CompanyPolicy(
        zone="Europe/Berlin",
        week=(Weekday.MONDAY, Weekday.SATURDAY),
        hours=(WorkingHours(begins=time(8), ends=time(12)),),
        overrides={date(2026, 3, 4): DayKind.WORKING, date(2026, 3, 2): DayKind.HOLIDAY},
    )
    its = calendar_of(policy)
    assert [n for n in range(1, 15) if its.is_working_day(date(2026, 3, n))] == [4, 7, 9, 14]
    assert its.spans(date(2026, 3, 4)) == [(datetime(2026, 3, 4, 7, tzinfo=UTC), datetime(2026, 3, 4, 11, tzinfo=UTC))]
