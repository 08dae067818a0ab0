"""What a request asks of a figure: the period, what was known when, and which rows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request
from fastapi.dependencies.utils import get_flat_params

from metrics_svc.facts.rows import DIMENSIONS
from shared.errors import Invalid

NONE = "(none)"
"""How an unknown value is called in answers and filters."""

BEGINNING, END = date(1900, 1, 1), date(9999, 1, 1)
"""Stand for an open start and end."""

MOST_PERIODS = 1000

Grain = Literal["day", "week", "month", "quarter", "year"]
By = Literal["source", "owner", "team", "product", "region"]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """`start` inclusive, `end` exclusive; `as_of` is the last day whose happenings count. Filters hold "" for unknown."""

    start: date | None
    end: date | None
    as_of: date | None
    by: By | None
    filters: dict[str, str]
    zone: ZoneInfo
    today: date

    @property
    def seen(self) -> date:
        """The first day whose happenings do not count."""
        return END if self.as_of is None else self.as_of + _DAY

    @property
    def first(self) -> date:
        return self.start or BEGINNING

    @property
    def last(self) -> date:
        """The first day after the period, or after what is known of it."""
        return min(self.end or END, self.seen)

    @property
    def close(self) -> date:
        """The same for figures as of an end: they never look beyond today."""
        return min(self.last, self.today + _DAY)

    def within(self, start: date | None, end: date | None) -> "Asked":
        return replace(self, start=start, end=end)

    def instant(self, day: date) -> datetime:
        """When the business day begins."""
        return datetime.combine(day, time(), self.zone)

    def link(self, path: str, group: str | None = None, **more: str) -> str:
        """The address of the records behind a figure; `group` is a value of `by`."""
        asked: dict[str, str] = {}
        for name, day in (("from", self.start), ("to", self.end), ("as_of", self.as_of)):
            if day is not None:
                asked[name] = day.isoformat()
        chosen = self.filters | ({self.by: group} if self.by is not None and group is not None else {})
        asked |= {name: value or NONE for name, value in chosen.items()} | more
        return f"/v1/metrics/{path}" + (f"?{urlencode(asked)}" if asked else "")


async def asked(
    request: Request,
    start: Annotated[date | None, Query(alias="from", description="First day, inclusive; from the beginning when left out.")] = None,
    end: Annotated[date | None, Query(alias="to", description="Last day, exclusive; without an end when left out.")] = None,
    as_of: Annotated[date | None, Query(description="Only what had happened by the end of this business day counts.")] = None,
    by: Annotated[By | None, Query(description="One line per value of this dimension.")] = None,
    source: Annotated[str | None, Query(max_length=200, description=f"Only this source; `{NONE}` for unknown.")] = None,
    owner: Annotated[str | None, Query(max_length=40, description=f"Only this person's, an id; `{NONE}` for nobody's.")] = None,
    team: Annotated[str | None, Query(max_length=40, description=f"Only this team's, an id; `{NONE}` for no team's.")] = None,
    product: Annotated[str | None, Query(max_length=200, description=f"Only this product; `{NONE}` for unknown.")] = None,
    region: Annotated[str | None, Query(max_length=200, description=f"Only this region; `{NONE}` for unknown.")] = None,
) -> Asked:
    state = request.app.state
    zone: ZoneInfo = state.settings.zone
    for name, day in (("from", start), ("to", end), ("as_of", as_of)):
        if day is not None and not BEGINNING <= day < END - _DAY:
            raise Invalid(f"{name} takes a day from {BEGINNING.isoformat()} on.", pointer=name, code="bad_parameter")
    if start is not None and end is not None and end <= start:
        raise Invalid("`to` is exclusive and must be later than `from`.", pointer="to", code="bad_period")
    given = {"source": source, "owner": owner, "team": team, "product": product, "region": region}
    filters = {name: _value(name, text) for name, text in given.items() if text is not None}
    _only_known(request)
    return Asked(start, end, as_of, by, filters, zone, state.clock().astimezone(zone).date())


AskedFor = Annotated[Asked, Depends(asked)]


def _value(name: str, text: str) -> str:
    if text == NONE:
        return ""
    if "\0" in text or not text:
        raise Invalid(f"{name} takes a text, or {NONE}.", pointer=name, code="bad_parameter")
    if DIMENSIONS[name].endswith("_id"):
        try:
            return str(UUID(text))
        except ValueError:
            raise Invalid(f"{name} takes an id (a UUID), or {NONE}.", pointer=name, code="bad_parameter") from None
    return text


def _only_known(request: Request) -> None:
    """A misspelt filter must not silently give the figure of everything."""
    takes = sorted({p.alias for p in get_flat_params(request.scope["route"].dependant) if p.alias not in request.path_params})
    for name in request.query_params:
        if name not in takes:
            says = f"There is no such parameter. This takes {', '.join(takes)}."
            raise Invalid(says, pointer=name[:100], code="unknown_parameter")
        if len(request.query_params.getlist(name)) > 1:
            raise Invalid(f"{name} is given more than once.", pointer=name, code="bad_parameter")


def periods(asked: Asked, grain: Grain, first: date, last: date) -> Iterator[tuple[date, date]]:
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


def following(start: date, grain: Grain) -> date:
    if grain in ("day", "week"):
        return start + timedelta(days=1 if grain == "day" else 7)
    months = start.month - 1 + {"month": 1, "quarter": 3, "year": 12}[grain]
    return date(start.year + months // 12, months % 12 + 1, 1)
