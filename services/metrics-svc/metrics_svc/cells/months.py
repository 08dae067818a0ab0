"""Cells of whole months: what figures by owner, by two dimensions, and by dimension as of an earlier day are summed from.

A year of one owner is 12 of them, where it is up to 365 cells of days. Days at the ends of a period come from elsewhere.

What is counted of a cohort is known as of a day when both are by then: the later of the two days is what such cells are kept by, month by
month, and for the days of the month that the figures end in day by day. So a cohort's month that is not over is as good as a whole one.

A fact adds to many of them, so a fold only appends to `cell_pending` what they change by, and a job of the worker sums it up. Figures read
both in one statement.
"""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import combinations
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Select,
    SelectBase,
    Table,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)

from metrics_svc.cells.tables import AS_OF, EVER, MONTH, PROJECTION
from metrics_svc.counting.dimensions import SUMMED
from metrics_svc.counting.measure import Measure
from shared.db.tx import Reader, Tx

_ONE = tuple((name,) for name in SUMMED)
_TWO = tuple(combinations(SUMMED, 2))

PLACES: tuple[tuple[str, ...], ...] = (*_ONE, *_TWO)
"""The dimensions that are counted together: of a cohort over all months, else month by month."""

PLACES_AS_OF: tuple[tuple[str, ...], ...] = _ONE
"""The same for a cohort month by month and day by day, for figures as of an earlier day."""

VERSION = repr((PLACES, PLACES_AS_OF, "days"))
"""What is kept. Other cells than these are computed again."""

_KEEP = f"INSERT INTO {PROJECTION.name} VALUES ('months', $1) ON CONFLICT (name) DO UPDATE SET version = excluded.version"
_KEPT = f"SELECT EXISTS (SELECT 1 FROM {PROJECTION.name} WHERE name = 'months' AND version = $1)"


def monthly(measure: Measure) -> bool:
    """Whether it has cells of months. What is asked for by age in days has not."""
    return not measure.aged


def month_of(day: date) -> date:
    return day.replace(day=1)


def following(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


async def keep_months(tx: Tx) -> None:
    """Remember that the cells of months are whole: figures may be read from them."""
    await tx.execute(_KEEP, VERSION)


async def months_kept(db: Reader) -> bool:
    return bool(await db.value(_KEPT, VERSION))


def summed(rows: FromClause, of_cohorts: ColumnElement[bool]) -> Select[Any]:
    """The cells of months that rows like those of `cell_pending` add up to. `of_cohorts` is the condition for those of a cohort."""
    every = _rows(rows, case((of_cohorts, _EVER), else_=_month(rows.c.day)))
    as_of = _rows(rows, _month(known_on(rows.c.day, rows.c.cohort_day))).where(of_cohorts)
    return _cells(MONTH, union_all(_by(PLACES, every), _by(PLACES_AS_OF, as_of)))


def summed_as_of(rows: FromClause, of_cohorts: ColumnElement[bool]) -> Select[Any]:
    """The same for the cells of days."""
    return _cells(AS_OF, _by(PLACES_AS_OF, _rows(rows, known_on(rows.c.day, rows.c.cohort_day)).where(of_cohorts)))


def known_on(day: ColumnElement[Any], cohort_day: ColumnElement[Any]) -> ColumnElement[Any]:
    """The day from which on something counts in the figures of its cohort."""
    return func.greatest(day, cohort_day, type_=Date())


def _cells(table: Table, sums: SelectBase) -> Select[Any]:
    found = sums.subquery()
    at = {"month": "at", "day": "at"}
    return select(*[found.c[at.get(c.name, c.name)].label(c.name) for c in table.c])


_EVER: ColumnElement[Any] = literal_column(f"DATE '{EVER.isoformat()}'", Date)


def _month(day: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.date_trunc("month", day), Date)


def _rows(of: FromClause, at: ColumnElement[Any]) -> Select[Any]:
    kept = [of.c[name] for name in (*SUMMED, "n", "amount", "us")]
    return select(of.c.measure, at.label("at"), _month(of.c.cohort_day).label("cohort_month"), *kept)


def _by(places: Sequence[tuple[str, ...]], rows: Select[Any]) -> Select[Any]:
    """The sums in each of these places, in one pass over the rows."""
    c = rows.subquery().c
    place = func.grouping(*[c[name] for name in SUMMED])

    def each(give: Callable[[tuple[str, ...]], Any]) -> ColumnElement[Any]:
        """By the place that a sum is of: GROUPING has a bit for each dimension, 1 where it is not grouped by."""
        return case({_bits(names): give(names) for names in places}, value=place)

    totals = [cast(func.sum(c[name]), MONTH.c[name].type).label(name) for name in ("n", "amount", "us")]
    return (
        select(
            c.measure,
            each(lambda names: literal_column(f"'{' '.join(names)}'")).label("dimension"),
            c.at,
            each(lambda names: c[names[0]]).label("value"),
            each(lambda names: c[names[1]] if len(names) > 1 else literal_column("''")).label("other"),
            c.cohort_month,
            *totals,
        )
        .group_by(func.grouping_sets(*[tuple_(c.measure, c.at, c.cohort_month, *[c[name] for name in names]) for names in places]))
        .having(or_(*[func.sum(c[name]) != 0 for name in ("n", "amount", "us")]))
    )


def _bits(names: tuple[str, ...]) -> int:
    return sum(1 << n for n, name in enumerate(reversed(SUMMED)) if name not in names)
