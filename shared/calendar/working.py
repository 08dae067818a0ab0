"""Working days and hours: which days the company works, and where hours of work come out. Pure.

An hour of work is an hour by the clock on the wall where the company is, and lasts as long as it lasts: a time that comes twice when clocks
go back counts once, as the first, and one that clocks leave out does not exist.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from shared.calendar import DAY, day_of

NOTHING = timedelta()
FARTHEST = 3660
"""Days in which there must be work: a calendar without any is a slip of the pen."""


class NeverWorks(ValueError):
    """The calendar has no working time for years."""


@dataclass(frozen=True, slots=True)
class OfficialDay:
    """A day that a country's calendar makes other than its weekday would."""

    working: bool
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Year:
    """The official days of a year. Of one that is not known there are none."""

    known: bool
    days: Mapping[date, OfficialDay]


Official = Callable[[int], Year]

NO_COUNTRY = Year(True, {})


@dataclass(frozen=True)
class Calendar:
    """When the company works: its week (0 is Monday), the hours of a working day, a country's official days, and its own exceptions."""

    zone: tzinfo
    week: frozenset[int]
    hours: tuple[tuple[time, time], ...]
    official: Official = lambda year: NO_COUNTRY
    overrides: Mapping[date, bool] | None = None
    """Days that are worked, or not, whatever the rest says."""

    # -- Days ----------------------------------------------------------------------------------------------------------

    def is_working_day(self, day: date) -> bool:
        if self.overrides and day in self.overrides:
            return self.overrides[day]
        official = self.official(day.year).days.get(day)
        return day.weekday() in self.week if official is None else official.working

    def add_working_days(self, day: date, n: int) -> date:
        """The nth working day after `day`, or before it when `n` is below 0. With 0: `day`, or the first working day after it."""
        if n == 0 and self.is_working_day(day):
            return day
        step, left = (DAY, n or 1) if n >= 0 else (-DAY, -n)
        idle = 0
        while left:
            day += step
            idle = 0 if self.is_working_day(day) else idle + 1
            if idle > FARTHEST:
                raise NeverWorks
            left -= idle == 0
        return day

    # -- Hours ---------------------------------------------------------------------------------------------------------

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """From when to when work is done on a day, in UTC and in order. Hours that clocks leave out are no span."""
        if not self.is_working_day(day):
            return []
        found = [(_instant(day, begins, self.zone), _instant(day, ends, self.zone)) for begins, ends in self.hours]
        return [(begins, ends) for begins, ends in found if begins < ends]

    def works_at(self, at: datetime) -> bool:
        """Whether work is done at this time; at the end of a span it is not any more."""
        return any(begins <= at < ends for begins, ends in self.spans(day_of(at, self.zone)))

    def next_working_time(self, at: datetime) -> datetime:
        """`at`, if work is done then, else when it is taken up again."""
        return next(max(at.astimezone(UTC), begins) for begins, ends in self._spans_from(at) if at < ends)

    def add_working_hours(self, at: datetime, hours: float) -> datetime:
        """When so many hours of work after `at` are over, at the end of a working day rather than at the beginning of the next.

        Nothing added to a time outside work is when work is taken up again. ValueError for less than nothing.
        """
        left = timedelta(hours=hours)
        if left < NOTHING:
            raise ValueError("hours of work are added, not taken away")
        for begins, ends in self._spans_from(at):
            start = max(at.astimezone(UTC), begins)
            if start <= ends and left <= ends - start:
                return start + left
            left -= max(NOTHING, ends - start)
        raise NeverWorks

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """How long work is done from one time to another; below 0 when the second comes first."""
        if end < start:
            return -self.working_time_between(end, start)
        total, day, last = NOTHING, day_of(start, self.zone), day_of(end, self.zone)
        while day <= last:
            total += sum((max(NOTHING, min(end, ends) - max(start, begins)) for begins, ends in self.spans(day)), NOTHING)
            day += DAY
        return total

    def _spans_from(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans that are not over before `at`, without end. Raises NeverWorks when there is none for years."""
        day, idle = day_of(at, self.zone), 0
        while idle <= FARTHEST:
            spans = [span for span in self.spans(day) if at <= span[1]]
            yield from spans
            day, idle = day + DAY, 0 if spans else idle + 1
        raise NeverWorks


def _instant(day: date, at: time, zone: tzinfo) -> datetime:
    """When the clock on the wall shows this: the first time, if twice; when clocks are put forward, if never."""
    local = datetime.combine(day, at)
    found = local.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == local:
        return found
    # The wall clock jumps over it: between the two instants that the offsets before and after the jump make of it.
    early, late = local.replace(tzinfo=zone, fold=1).astimezone(UTC), found
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(zone).replace(tzinfo=None) < local:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)
