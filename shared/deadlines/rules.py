"""What time does to a deadline. Pure: each step gives the deadline as it is then."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from shared.deadlines.record import DeadlineState, Running

OPEN = (DeadlineState.RUNNING, DeadlineState.PAUSED)


class Time(Protocol):
    """How time is counted: by the clock on the wall, or only while work is done."""

    def between(self, start: datetime, end: datetime) -> timedelta: ...
    def after(self, start: datetime, span: timedelta) -> datetime: ...


class CalendarTime:
    """Every hour counts."""

    def between(self, start: datetime, end: datetime) -> timedelta:
        return end - start

    def after(self, start: datetime, span: timedelta) -> datetime:
        return start + span


def warning(deadline: Running) -> datetime | None:
    """When it is to be warned of; a warning that would come with its end, or after it, is none."""
    return deadline.warn_at if deadline.warn_at is not None and deadline.warn_at < deadline.due_at else None


def next_look(deadline: Running) -> datetime | None:
    """When something happens to it by itself."""
    if deadline.state is not DeadlineState.RUNNING or deadline.missed_at is not None:
        return None
    warn_at = warning(deadline)
    return deadline.due_at if warn_at is None or deadline.warned_at is not None else warn_at


def ticked(deadline: Running, now: datetime) -> Running:
    """With the warning and the end that have come by now, each at its own time."""
    if deadline.state is not DeadlineState.RUNNING:
        return deadline
    warn_at = warning(deadline)
    if warn_at is not None and deadline.warned_at is None and warn_at <= now:
        deadline = replace(deadline, warned_at=warn_at)
    if deadline.missed_at is None and deadline.due_at <= now:
        deadline = replace(deadline, missed_at=deadline.due_at)
    return deadline


def met(deadline: Running, at: datetime) -> Running:
    """Met at this time, which may lie before it was told: then a miss that was told is taken back."""
    late = _late(deadline, at)
    return replace(deadline, state=DeadlineState.MET, met_at=at, missed_at=deadline.due_at if late else None, paused_at=None)


def stopped(deadline: Running, at: datetime) -> Running:
    """Nobody waits for it from this time on. It was missed if it ended before that, whether or not that was told."""
    return replace(deadline, state=DeadlineState.STOPPED, missed_at=deadline.due_at if _late(deadline, at) else None, paused_at=None)


def _late(deadline: Running, at: datetime) -> bool:
    return deadline.state is not DeadlineState.PAUSED and at >= deadline.due_at


def paused(deadline: Running, at: datetime, time: Time) -> Running:
    """It waits, with the time that was left. One that is over cannot wait any more, unless the pause began before that."""
    if deadline.state is not DeadlineState.RUNNING or at >= deadline.due_at:
        return deadline
    left = max(timedelta(), time.between(at, deadline.due_at))
    return replace(deadline, state=DeadlineState.PAUSED, paused_at=at, left_seconds=left.total_seconds(), missed_at=None)


def resumed(deadline: Running, at: datetime, time: Time) -> Running:
    """It goes on with the time that was left."""
    if deadline.state is not DeadlineState.PAUSED or deadline.left_seconds is None:
        return deadline
    at = at if deadline.paused_at is None else max(at, deadline.paused_at)
    due_at = time.after(at, timedelta(seconds=deadline.left_seconds))
    return replace(deadline, state=DeadlineState.RUNNING, due_at=due_at, paused_at=None, left_seconds=None)


def moved(deadline: Running, due_at: datetime, warn_at: datetime | None, now: datetime) -> Running:
    """It ends at another time. What was missed and has time again is not missed; a warning for the new end can come."""
    return replace(
        deadline,
        due_at=due_at,
        warn_at=warn_at,
        warned_at=None if warn_at is not None and warn_at > now else deadline.warned_at,
        missed_at=None if due_at > now else deadline.missed_at and due_at,
    )
