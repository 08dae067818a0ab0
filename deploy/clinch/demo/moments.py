"""Chance and time: draws from one seeded generator, and times at which people work. Nothing it gives lies at or after `now`."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from math import log
from random import Random
from typing import Protocol, TypeVar

T = TypeVar("T")

YEAR = timedelta(days=365)
OPENS, CLOSES = 1, 9
"""Hours in UTC: a working day in Shanghai, so that the day is the same in the two zones that such a company would report in."""
GROWTH = 0.8
"""How much more leads come at the end of the year than at its beginning, as a share of the latter."""
SEASON = {1: 0.8, 2: 0.55, 3: 1.25, 4: 1.05, 5: 1.0, 6: 1.2, 7: 0.85, 8: 0.75, 9: 1.15, 10: 0.95, 11: 1.3, 12: 1.1}
"""By month: quiet around the Chinese New Year and in summer, busy at the ends of quarters and at fairs."""
WEEKEND = 0.25
"""Leads of a Saturday or Sunday, against a working day's."""


class Weighted(Protocol):
    @property
    def weight(self) -> float: ...


W = TypeVar("W", bound=Weighted)


class Draw:
    """Draws for one thing. The same `of` gives the same draws, whatever else is drawn."""

    def __init__(self, of: str, now: datetime) -> None:
        self._random = Random(of)  # a string seeds alike on every machine
        self.now = now

    def chance(self, p: float) -> bool:
        return self._random.random() < p

    def one(self, of: Sequence[T]) -> T:
        return self._random.choice(of)

    def weighted(self, of: Sequence[W]) -> W:
        return self._random.choices(of, [each.weight for each in of])[0]

    def by_weight(self, of: Sequence[tuple[T, int]]) -> T:
        return self._random.choices([value for value, _ in of], [weight for _, weight in of])[0]

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(low, high)

    def some(self, of: Sequence[T], n: int) -> list[T]:
        """`n` of them, in their order."""
        return [of[i] for i in sorted(self._random.sample(range(len(of)), n))]

    def captured_at(self) -> datetime:
        """Somewhere in the year before `now`: more as the company grows, by season, and less on weekends. Leads come at all hours."""
        starts, weights = _year_before(self.now)
        start = self._random.choices(starts, cum_weights=weights)[0]
        return start + timedelta(seconds=self._random.randint(0, 86_399))

    def later(self, at: datetime, days: float) -> datetime | None:
        """A working time about so many days later (the median of a skewed spread), or None when that has not come yet."""
        found = self._working(at + timedelta(days=self._random.lognormvariate(log(days), 0.5)))
        found = max(found, at + timedelta(minutes=self._random.randint(5, 50)))
        return found if found < self.now else None

    def within(self, start: datetime, end: datetime, n: int = 1) -> list[datetime]:
        """`n` times in order from `start` to `end`, at working hours where there is room."""
        drawn = sorted(start + (end - start) * self._random.random() for _ in range(n))
        return sorted(min(max(self._working(at), start), end) for at in drawn)

    def _working(self, at: datetime) -> datetime:
        """Some time of the working day that is, or follows, the day of `at`."""
        day = at.date()
        while not works_on(day):
            day += timedelta(days=1)
        return datetime.combine(day, time(OPENS), UTC) + timedelta(seconds=self._random.randint(0, (CLOSES - OPENS) * 3600 - 1))


@lru_cache
def _year_before(end: datetime) -> tuple[list[datetime], list[float]]:
    """Its days of 24 hours, by when they start, and how many leads had come by the end of each, in some unit."""
    starts = [end - YEAR + timedelta(days=n) for n in range(YEAR.days)]
    return starts, list(accumulate(lead_weight(start.date(), n / YEAR.days) for n, start in enumerate(starts)))


def lead_weight(day: date, elapsed: float) -> float:
    """How many leads a day brings, against others. `elapsed`: the share of the year before it."""
    return (1 + GROWTH * elapsed) * SEASON[day.month] * (WEEKEND if day.weekday() > 4 else 1)


def works_on(day: date) -> bool:
    """Nobody works on weekends and around New Year, when the price list changes."""
    return day.weekday() < 5 and (day.month, day.day) not in ((1, 1), (12, 31))
