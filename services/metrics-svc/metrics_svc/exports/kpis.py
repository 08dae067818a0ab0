"""KPIs as rows: every figure of the catalogue for each day or month, and for each value of a dimension."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import orjson

from metrics_svc.exports.export import Column
from metrics_svc.figures.access import divides, may_see
from metrics_svc.figures.answers import answer
from metrics_svc.figures.models import at_edge, named
from metrics_svc.figures.question import Question, periods
from metrics_svc.figures.rules import Row
from metrics_svc.kpi import Kpi
from shared.auth import Actor
from shared.db.tx import Reader
from shared.errors import Invalid


class Figures(NamedTuple):
    """An export of all KPIs, a row for each of `grain`."""

    name: str
    grain: Literal["day", "month"]
    version: int = 1
    day: str = "start"

    @property
    def says(self) -> str:
        return f"Every KPI that the caller's roles show, {self.grain} by {self.grain}; with `by` also by the values of a dimension"

    @property
    def key(self) -> tuple[str, ...]:
        return ("kpi", "start", "group")

    @property
    def schema(self) -> tuple[Column, ...]:
        return _SCHEMA


_SCHEMA = (
    Column("kpi", "string", False, "Its name in the catalogue"),
    Column("unit", "string", False, "count, ratio (from 0 to 1), change, days, money or money_per_day"),
    Column("start", "date", False, "The first day, inclusive"),
    Column("end", "date", False, "The last day, exclusive"),
    Column("dimension", "string", True, "What it is broken down by; empty for the whole"),
    Column("group", "string", True, "The value of the dimension; (none) where it is unknown"),
    Column("value", "decimal", True, "The figure, as the API answers it; money in the reporting currency"),
    Column("n", "integer", False, "How many records it was computed from"),
    Column("parts", "string", False, "Figures beside it as JSON, such as the part and the whole of a rate"),
)

KPIS = {figures.name: figures for figures in (Figures("kpi_days", "day"), Figures("kpi_months", "month"))}


def check(of: Figures, asked: Question) -> Question:
    """The question with both ends of its period. `Invalid` without a beginning, or for too many periods."""
    if asked.start is None:
        raise Invalid("KPIs are read for each period by itself: say from when, with `since`.", pointer="since", code="since_needed")
    whole = asked if asked.end is not None else replace(asked, end=max(asked.today, asked.start) + timedelta(days=1))
    try:
        sum(1 for _ in periods(whole, of.grain, asked.start, whole.last))
    except Invalid as refused:
        raise Invalid(refused.detail, pointer="since", code="too_many_periods") from None
    return whole


async def read(
    db: Reader, of: Figures, by: Actor, asked: Question, kpis: Sequence[Kpi], currency: str
) -> AsyncIterator[list[tuple[Any, ...]]]:
    """The rows, KPI by KPI. Those that cannot be asked so, as cost by owner, are left out."""
    for kpi in kpis:
        if may_see(kpi.parts, by) and divides(kpi.parts, asked):
            _, rows = await answer(db, by, kpi, asked, of.grain)
            yield [_row(kpi, asked, row, currency) for row in rows]


def _row(kpi: Kpi, asked: Question, row: Row, currency: str) -> tuple[Any, ...]:
    value = at_edge(row.reading.value, currency)
    parts = {name: _json(at_edge(part, currency)) for name, part in row.reading.parts.items()}
    exact = None if value is None else value if isinstance(value, Decimal) else Decimal(repr(value))
    return (kpi.name, kpi.unit, row.start, row.end, asked.by, named(row.group), exact, row.n, orjson.dumps(parts).decode())


def _json(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value
