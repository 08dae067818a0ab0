"""The places that a figure is read from, each with its SELECT: cells of days or months, and facts.

`days` are the cells of days of the month that figures as of a day end in; `cells` are those of periods.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Date, Select, Text, Uuid, and_, bindparam, cast, func, literal_column, null, select, true
from sqlalchemy.types import TypeEngine

from metrics_svc.cells.months import known_on
from metrics_svc.cells.tables import AS_OF, BUCKET, CELL, EVER, MONTH, PENDING
from metrics_svc.counting.dimensions import ALL, DIMENSIONS
from metrics_svc.counting.measure import Measure
from metrics_svc.figures.access import kind_of, visible
from metrics_svc.folding.table import TABLES
from metrics_svc.kpi import Part
from shared.access.kinds import CASH_FIGURES, DEAL_FIGURES, LEAD_FIGURES, Reach, reach
from shared.auth import Actor
from shared.db.query import is_in
from shared.db.tables import At

Source = Literal["cells", "months", "days", "facts"]
Whose = Literal["all", "below", "own"]


@dataclass(frozen=True, slots=True)
class Cut:
    """Which rows count, and how they are grouped: the part of a question that decides the text of its statements.

    `filters` are dimensions with whether the one without a value is asked for. `reach` is how far the actor sees each kind of figures.
    `ever`: cohorts count whatever happened since.
    """

    by: str | None
    filters: tuple[tuple[str, bool], ...]
    reach: tuple[Reach, ...]
    ever: bool
    actor: Actor = field(compare=False)

    def whose(self, measure: Measure) -> Whose:
        """Of which owners the actor sees the figures."""
        how_far = reach(kind_of(measure), self.actor)
        return "all" if how_far.everything else "below" if how_far.tree else "own"

    def of_accounts(self, measure: Measure) -> bool:
        """Whether figures of accounts count too, which no cell knows."""
        return reach(kind_of(measure), self.actor).accounts

    def dimensions(self, measure: Measure) -> tuple[str, ...]:
        """What cells have to be told apart by."""
        named = {name for name, _ in self.filters} | {self.by} | ({"owner"} if self.whose(measure) != "all" else set())
        return tuple(name for name in DIMENSIONS if name in named)


def cut(actor: Actor, by: str | None, filters: dict[str, str], *, ever: bool) -> Cut:
    unknown = tuple(sorted((name, value == "") for name, value in filters.items()))
    how_far = tuple(reach(kind, actor) for kind in (LEAD_FIGURES, DEAL_FIGURES, CASH_FIGURES))
    return Cut(by=by, filters=unknown, reach=how_far, ever=ever, actor=actor)


def chosen(fact: type[Any], who: Mapping[str, str], where: Cut) -> ColumnElement[bool]:
    """The condition that facts are of what the filters name. `who` names the columns that hold their dimensions."""
    table = TABLES[fact].table
    left: ColumnElement[bool] = true()
    for dimension, unknown in where.filters:
        column = table.c[who[dimension]]
        if isinstance(column.type, Uuid):
            left &= column.is_(None) if unknown else is_in(column, f"f_{dimension}_ids")
        else:
            left &= func.coalesce(column, "") == bindparam(f"f_{dimension}", type_=Text)
    return left


def taken(part: Part, n: int, where: Cut) -> ColumnElement[bool]:
    """The condition that the part takes a fact."""
    measure, c = part.measure, TABLES[part.measure.of].table.c
    found = counted(measure, where) & window(part, n, c[measure.at], c[measure.cohort or measure.at], At, ever=False)
    if measure.ends is not None:
        found &= c[measure.ends].is_(None) | (c[measure.ends] >= bindparam(f"p{n}_to", type_=At))
    return found


def counted(measure: Measure, where: Cut) -> ColumnElement[bool]:
    """The condition that the measure counts a fact, and that it is in the cut."""
    table = TABLES[measure.of].table
    counts = chosen(measure.of, measure.who, where) & visible(measure, where.actor)
    for name, value in measure.where.items():
        counts &= table.c[name] == value
    for needed in (measure.at, measure.cohort, measure.seconds and f"{measure.seconds}_us"):
        if needed:
            counts &= table.c[needed].is_not(None)
    return counts


def window(part: Part, n: int, at: ColumnElement[Any], cohort: ColumnElement[Any], of: TypeEngine[Any], ever: bool) -> ColumnElement[bool]:
    """The part's window, with half-open bounds: days for cells, the instants they begin at for facts."""

    def bound(name: str) -> Any:
        return bindparam(f"p{n}_{name}", type_=of)

    if part.window == "cohort":
        seen = at == bound("ever") if ever else at < bound("seen")
        return and_(cohort >= bound("from"), cohort < bound("to"), seen)
    if part.window == "until":
        old = (cohort >= bound("older"), cohort < bound("younger")) if part.age else ()
        return and_(at < bound("to"), *old)
    if part.window == "trailing":
        return and_(cohort >= bound("from"), cohort < bound("to"), at < bound("to"))
    return and_(at >= bound("from"), at < bound("to"))


def _period(grain: str | None, day: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(null(), Date) if grain is None else cast(func.date_trunc(grain, day), Date)


@dataclass(frozen=True, slots=True)
class Read:
    """What one SELECT reads: the measures of parts with the same window. `n` names its parameters."""

    n: int
    part: Part
    measures: tuple[str, ...]
    source: Source


def sums(of: Read, grain: str | None, where: Cut, *, buckets: bool) -> list[Select[Any]]:
    """The number of `of`, measure, period, group and either the three sums or, of the histogram, bucket and count.

    What several SELECTs give is added up.
    """
    return [_select(of, *select_of(of, grain, where, buckets)) for select_of in _SELECTS[of.source]]


def _select(of: Read, measure: Any, period: Any, group: Any, conditions: Any, columns: dict[str, Any]) -> Select[Any]:
    keys = {"measure": measure, "period": period, "grp": group} | ({"bucket": columns.pop("bucket")} if "bucket" in columns else {})
    return (
        select(
            literal_column(str(of.n)).label("part"),
            *[key.label(name) for name, key in keys.items()],
            *[func.coalesce(func.sum(c), 0).label(name) for name, c in columns.items()],
        )
        .where(conditions)
        .group_by(*[literal_column(str(place)) for place in range(2, 2 + len(keys))])
    )


_Selected = tuple[Any, Any, Any, Any, dict[str, Any]]
"""Measure, period, group, conditions, and what is summed."""


def _of_cells(of: Read, grain: str | None, where: Cut, buckets: bool) -> _Selected:
    c = (BUCKET if buckets else CELL).c
    named = where.dimensions(of.part.measure)
    in_place = c.dimension == (named[0] if named else ALL)
    return _summed(of, grain, where, c, (c.day, c.cohort_day), dict.fromkeys(named, c.value), in_place)


def _of_months(of: Read, grain: str | None, where: Cut, _buckets: bool) -> _Selected:
    c = MONTH.c
    named = where.dimensions(of.part.measure)
    values = dict(zip(named, (c.value, c.other), strict=False))
    return _summed(of, grain, where, c, (c.month, c.cohort_month), values, c.dimension == " ".join(named))


def _of_days(of: Read, grain: str | None, where: Cut, _buckets: bool) -> _Selected:
    c = AS_OF.c
    named = where.dimensions(of.part.measure)
    return _summed(of, grain, where, c, (c.day, c.cohort_month), dict.fromkeys(named, c.value), c.dimension == named[0])


def _of_pending(of: Read, grain: str | None, where: Cut, _buckets: bool) -> _Selected:
    """What is not summed up yet: by day, but asked for by whole months."""
    c = PENDING.c
    at: ColumnElement[Any] = c.day
    if of.part.window == "cohort":
        at = literal_column(f"DATE '{EVER.isoformat()}'", Date) if where.ever else known_on(c.day, c.cohort_day)
    return _summed(of, grain, where, c, (at, c.cohort_day), {name: c[name] for name in where.dimensions(of.part.measure)}, true())


def _summed(
    of: Read,
    grain: str | None,
    where: Cut,
    c: Any,
    days: tuple[ColumnElement[Any], ColumnElement[Any]],
    values: Mapping[str, ColumnElement[Any]],
    conditions: ColumnElement[bool],
) -> _Selected:
    """From rows that are sums already; `values` are the columns that hold those of the dimensions."""
    part, whose = of.part, where.whose(of.part.measure)
    at, cohort = days
    conditions = is_in(c.measure, of.measures) & conditions
    for name, _ in where.filters:
        conditions &= is_in(values[name], f"v_{name}")
    if whose != "all":
        conditions &= is_in(values["owner"], f"v_{whose}")
    conditions &= window(part, of.n, at, cohort, Date(), where.ever)
    if part.window != "cohort":
        conditions &= at < EVER
    if of.source == "days":
        conditions &= at >= bindparam(f"p{of.n}_month", type_=Date)
    period = _period(grain, cohort if part.window == "cohort" else at)
    group = values[where.by] if where.by else literal_column("''")
    sums = {"bucket": c.bucket, "n": c.n} if "bucket" in c else {"n": c.n, "amount": c.amount, "us": c.us}
    return c.measure, period, group, conditions, sums


def _of_facts(of: Read, grain: str | None, where: Cut, buckets: bool) -> _Selected:
    part, measure = of.part, of.part.measure
    name: ColumnElement[str] = literal_column(f"'{measure.name}'", Text)
    c = TABLES[measure.of].table.c
    at, cohort = c[measure.at], c[measure.cohort or measure.at]
    conditions = taken(part, of.n, where)
    period = _period(grain, func.timezone(bindparam("zone", type_=Text), cohort if part.window == "cohort" else at))
    group = func.coalesce(cast(c[measure.who[where.by]], Text), "") if where.by else literal_column("''")
    one: ColumnElement[int] = literal_column("1")
    nothing: ColumnElement[int] = literal_column("0")
    if buckets:
        return name, period, group, conditions, {"bucket": c[f"{measure.seconds}_bucket"], "n": one}
    amount = c[measure.value] if measure.value else nothing
    us = c[f"{measure.seconds}_us"] if measure.seconds else nothing
    return name, period, group, conditions, {"n": c[measure.count] if measure.count else one, "amount": amount, "us": us}


_SELECTS = {"facts": (_of_facts,), "cells": (_of_cells,), "months": (_of_months, _of_pending), "days": (_of_days, _of_pending)}
