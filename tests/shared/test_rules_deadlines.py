"""What time does to a deadline, whatever happens to it in whatever order."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.deadlines import rules
from shared.deadlines.record import DeadlineState, Running
from shared.history import is_history

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
WALL = rules.CalendarTime()
hours = st.integers(0, 24 * 60).map(lambda n: timedelta(hours=n))


def running(due: timedelta, warn: timedelta | None = None) -> Running:
    due_at = START + due
    return Running(
        id=UUID(int=1),
        version=1,
        name="x",
        record_id=UUID(int=2),
        state=DeadlineState.RUNNING,
        working=False,
        started_at=START,
        due_at=due_at,
        warn_at=None if warn is None else due_at - warn,
    )


@given(hours, st.none() | hours, st.lists(hours, max_size=6))
def test_looking_often_or_late_finds_the_same(due: timedelta, warn: timedelta | None, looks: list[timedelta]) -> None:
    deadline = running(due, warn)
    once = rules.ticked(deadline, START + max(looks, default=timedelta()))
    for at in sorted(looks):
        deadline = rules.ticked(deadline, START + at)
    if looks:
        assert deadline == once
    assert deadline.missed_at in (None, deadline.due_at)
    assert deadline.warned_at in (None, deadline.warn_at)


@given(hours, st.none() | hours, hours)
def test_the_next_look_is_when_something_happens(due: timedelta, warn: timedelta | None, now: timedelta) -> None:
    deadline = rules.ticked(running(due, warn), START + now)
    look = rules.next_look(deadline)
    if look is None:
        assert deadline.missed_at is not None
    else:
        assert look > START + now
        assert rules.ticked(deadline, look - timedelta(seconds=1)) == deadline != rules.ticked(deadline, look)


@given(hours, hours, hours)
def test_what_counts_is_when_it_was_met_and_not_when_that_was_told(due: timedelta, at: timedelta, told: timedelta) -> None:
    before = rules.ticked(running(due), START + max(at, told))
    after = rules.met(before, START + at)
    assert (after.missed_at is not None) == (at >= due)
    assert rules.ticked(after, START + timedelta(days=999)) == after
    assert rules.next_look(after) is None


@given(hours, hours, hours)
def test_what_nobody_waited_for_any_more_when_it_ended_was_not_missed(due: timedelta, at: timedelta, told: timedelta) -> None:
    before = rules.ticked(running(due), START + max(at, told))
    after = rules.stopped(before, START + at)
    assert after.missed_at == (before.due_at if at >= due else None)
    assert rules.stopped(rules.paused(before, START, WALL), START + at).missed_at is None or due == timedelta()


@given(hours, hours, hours)
def test_a_pause_costs_no_time(due: timedelta, at: timedelta, pause: timedelta) -> None:
    deadline = running(due)
    waits = rules.paused(deadline, START + at, WALL)
    if at >= due:
        assert waits == deadline
        return
    assert rules.next_look(waits) is None
    assert rules.ticked(waits, START + timedelta(days=999)) == waits
    goes_on = rules.resumed(waits, START + at + pause, WALL)
    assert (goes_on.state, goes_on.due_at) == (DeadlineState.RUNNING, deadline.due_at + pause)
    assert rules.met(waits, START + at + pause).missed_at is None


@given(hours, hours, hours)
def test_another_end_makes_nobody_late_who_has_time(due: timedelta, other: timedelta, now: timedelta) -> None:
    before = rules.ticked(running(due), START + now)
    after = rules.moved(before, START + other, None, START + now)
    assert after.due_at == START + other
    assert (after.missed_at is None) == (other > now or before.missed_at is None)


@given(st.integers(1, 3650), st.integers(0, 24 * 4000))
def test_history_is_what_happened_more_than_so_many_days_ago(days: int, hours_ago: int) -> None:
    assert is_history(START - timedelta(hours=hours_ago), START, days) == (hours_ago > 24 * days)
