"""When the next touch is due, and why a lead has none."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_svc.cadence.policy import CadencePolicy, Rhythm, Unit
from lead_svc.cadence.record import Unplanned
from lead_svc.cadence.rules import followed, next_touch, unplanned, warning
from lead_svc.capture.rules import fresh
from lead_svc.leads.record import Grade, State
from shared.calendar import months_after
from shared.calendar.working import Calendar
from shared.ids import new_id

BERLIN = ZoneInfo("Europe/Berlin")
CALENDAR = Calendar(BERLIN, frozenset(range(5)), ((time(9), time(12)), (time(13), time(18))), overrides={date(2026, 5, 1): False})
POLICY = CadencePolicy()
LEAD = fresh(new_id(), None, datetime(2026, 3, 2, 9, tzinfo=UTC), {"owner_id": new_id(), "version": 1})


def at(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("grade", "touched", "due"),
    [
        (Grade.A, at(3, 2), at(3, 6, 9)),  # 84 hours after Monday 10:00 is Thursday 22:00: Friday morning
        (Grade.A, at(3, 6, 16), at(3, 10, 9)),
        (Grade.B, at(3, 2, 12, 30), at(3, 9, 13)),  # not in the lunch break
        (Grade.B, at(4, 24), at(5, 4, 9)),  # a holiday, then a weekend
        (Grade.B, at(3, 24), at(3, 31)),  # the same time on the clock, over the night when clocks go forward
        (Grade.C, at(1, 31), at(3, 2, 9)),  # 28 February is a Saturday
    ],
)
def test_the_next_touch_by_grade(grade: Grade, touched: datetime, due: datetime) -> None:
    assert next_touch(touched, POLICY.grades.of(grade), CALENDAR, touched) == due


def test_nothing_is_planned_in_the_past() -> None:
    assert next_touch(at(1, 5), POLICY.grades.B, CALENDAR, at(3, 7)) == at(3, 9, 9)


@given(
    st.integers(0, 365 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.sampled_from(Unit),
    st.integers(1, 100),
)
def test_it_is_never_outside_work_nor_too_early(touched: datetime, unit: Unit, every: int) -> None:
    due_at = next_touch(touched, Rhythm(every=every, unit=unit), CALENDAR, touched)
    assert CALENDAR.next_working_time(due_at) == due_at > touched
    assert unit is Unit.MONTHS or due_at >= touched + timedelta(**{unit.value: every}) - timedelta(hours=1), "clocks go forward once"


@pytest.mark.parametrize(
    ("day", "months", "then"), [(31, 1, "2026-02-28"), (31, 3, "2026-04-30"), (15, 12, "2027-01-15"), (1, 11, "2026-12-01")]
)
def test_a_month_later_is_the_same_day_or_the_last(day: int, months: int, then: str) -> None:
    assert months_after(at(1, day), months, BERLIN).astimezone(BERLIN).date().isoformat() == then


def test_the_warning_comes_when_most_of_the_working_time_is_over() -> None:
    assert warning(at(3, 6, 16), at(3, 9, 11), 75, CALENDAR) == at(3, 9, 10)
    assert warning(at(3, 6, 16), at(3, 9, 11), 0, CALENDAR) is None


def test_every_lead_is_followed_up_or_has_a_reason() -> None:
    for state in State:
        for lead in (replace(LEAD, state=state), replace(LEAD, state=state, owner_id=None)):
            assert followed(lead) == (unplanned(lead) is Unplanned.HISTORY)
            assert followed(lead) == (unplanned(lead, Unplanned.NO_CONSENT) is Unplanned.NO_CONSENT)
