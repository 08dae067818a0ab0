"""What a request asks of a figure: the period, what was known when, and which rows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from metrics_svc.counting.dimensions import DIMENSIONS
from shared.calendar import DAY, start_of
from shared.errors import Invalid

NONE = "(none)"
"""The name of an unknown value in answers and filters."""

BEGINNING, END = date(1900, 1, 1), date(9999, 1, 1)
"""Stand for an open start and end."""

MOST_PERIODS = 1000

Grain = Literal["day", "week", "month", "quarter", "year"]
if TYPE_CHECKING:
    By = str
else:
    By = Literal[tuple(DIMENSIONS)]


@dataclass(frozen=True, slots=True)
class Question:
    """`start` inclusive, `end` exclusive; `as_of` is the last day of which events count. Filters hold "" for unknown.

    `teams` are the team that a filter names and those below it.
    """

    start: date | None
    end: date | None
    as_of: date | None
    by: By | None
    filters: dict[str, str]
    zone: ZoneInfo
    today: date
    teams: tuple[str, ...] = ()

    @property
    def seen(self) -> date:
        """The first day of which events do not count."""
        return END if self.as_of is None else self.as_of + DAY

    @property
    def first(self) -> date:
        return self.start or BEGINNING

    @property
    def last(self) -> date:
        """The first day after the period, or after what is known of it."""
        return min(self.end or END, self.seen)

    @property
    def close(self) -> date:
        """The same for figures as of an end, which never look beyond today."""
        return min(self.last, self.today + DAY)

    @property
    def prior(self) -> tuple[date, date]:
        """The period before: as many months before whole months, else as many days. Empty where nothing says when the period began."""
        if self.start is None:
            return BEGINNING, BEGINNING
        return min(before(self.start, self.end or self.close), self.seen), min(self.start, self.seen)

    def within(self, start: date | None, end: date | None) -> "Question":
        return replace(self, start=start, end=end)

    def instant(self, day: date) -> datetime:
        """When the business day begins."""
        return start_of(day, self.zone)

    def link(self, path: str, group: str | None = None, **more: str) -> str:
        """The address of the records behind a figure; `group` is a value of `by`."""
        asked: dict[str, str] = {}
        for name, day in (("from", self.start), ("to", self.end), ("as_of", self.as_of)):
            if day is not None:
                asked[name] = day.isoformat()
        chosen = self.filters | ({self.by: group} if self.by is not None and group is not None else {})
        asked |= {name: value or NONE for name, value in chosen.items()} | more
        return f"/v1/metrics/{path}" + (f"?{urlencode(asked)}" if asked else "")


def periods(asked: Question, grain: Grain, first: date, last: date) -> Iterator[tuple[date, date]]:
    """The periods that [first, last) touches, each clipped to what was asked. `Invalid` when there are too many."""
    start = floor(first, grain)
    count = 0
    while start < last:
        end = following(start, grain)
        yield max(start, asked.first), min(end, asked.end or END)
        start, count = end, count + 1
        if count > MOST_PERIODS:
            raise Invalid(f"That is more than {MOST_PERIODS} periods: take a coarser grain.", pointer="grain", code="too_many_periods")


def floor(day: date, grain: Grain) -> date:
    """The first day of its period; weeks begin on Monday (ISO 8601)."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    months = {"day": None, "month": 1, "quarter": 3, "year": 12}[grain]
    return day if months is None else date(day.year, (day.month - 1) // months * months + 1, 1)


def before(start: date, end: date) -> date:
    """The first day of a period as long as this one, that ends where this one begins."""
    if end - start > start - BEGINNING:
        return BEGINNING
    months = (end.year - start.year) * 12 + end.month - start.month
    if start.day != 1 or end.day != 1 or months < 1:
        return start - (end - start)
    first = start.year * 12 + start.month - 1 - months
    return date(first // 12, first % 12 + 1, 1)


def following(start: date, grain: Grain) -> date:
    if grain in ("day", "week"):
        return start + timedelta(days=1 if grain == "day" else 7)
    months = start.month - 1 + {"month": 1, "quarter": 3, "year": 12}[grain]
    return date(start.year + months // 12, months % 12 + 1, 1)
