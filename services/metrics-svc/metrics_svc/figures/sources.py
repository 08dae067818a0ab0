"""The two places that a figure is read from: cells for one dimension of all rows, facts for everything else. Both give the same sums."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, Text, Uuid, and_, bindparam, cast, func, literal_column, null, select, true
from sqlalchemy.types import TypeEngine

from metrics_svc.cells.tables import BUCKET, CELL, EVER
from metrics_svc.counting.dimensions import ALL, SUMMED
from metrics_svc.counting.measure import Measure
from metrics_svc.figures.access import sees_all, visible
from metrics_svc.folding.table import TABLES
from metrics_svc.kpi import Part
from shared.access.kinds import CASH_FIGURES, DEAL_FIGURES, LEAD_FIGURES, Reach, reach
from shared.auth import Actor
from shared.db.query import is_in
from shared.db.tables import At


@dataclass(frozen=True, slots=True)
class Cut:
    """Which rows count, and how they are grouped: the part of a question that decides the text of its statements.

    `filters` are dimensions with whether the one without a value is asked for. `reach` is how far the actor sees each kind of figures,
    `everything` whether all of what is read. `ever`: cohorts count whatever happened since. `whole`: what is read is in cells only for
    all facts together.
    """

    by: str | None
    filters: tuple[tuple[str, bool], ...]
    reach: tuple[Reach, ...]
    everything: bool
    ever: bool
    whole: bool
    actor: Actor = field(compare=False)

    @property
    def from_facts(self) -> bool:
        """Whether facts must be read: cells have at most one dimension at a time, and do not know who may see what."""
        dimensions = {name for name, _ in self.filters} | ({self.by} if self.by else set())
        return len(dimensions) > (0 if self.whole else 1) or not dimensions <= set(SUMMED) or not self.everything

    @property
    def dimension(self) -> str:
        return self.by or (self.filters[0][0] if self.filters else ALL)


def cut(actor: Actor, parts: Iterable[Part], by: str | None, filters: dict[str, str], *, ever: bool, whole: bool = False) -> Cut:
    unknown = tuple(sorted((name, value == "") for name, value in filters.items()))
    how_far = tuple(reach(kind, actor) for kind in (LEAD_FIGURES, DEAL_FIGURES, CASH_FIGURES))
    return Cut(by=by, filters=unknown, reach=how_far, everything=sees_all(parts, actor), ever=ever, whole=whole, actor=actor)


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
class Together:
    """Parts that one SELECT reads: those with the same window from cells, one at a time from facts. `n` names its parameters."""

    n: int
    part: Part
    measures: tuple[str, ...]


def together(parts: Iterable[tuple[int, Part]], where: Cut) -> list[Together]:
    found: dict[Any, Together] = {}
    for n, part in parts:
        key = n if where.from_facts else (part.window, part.days, part.age)
        before = found[key].measures if key in found else ()
        found[key] = Together(found[key].n if key in found else n, part, (*before, part.measure.name))
    return list(found.values())


def sums(of: Together, grain: str | None, where: Cut, *, buckets: bool) -> Select[Any]:
    """The number of `of`, measure, period, group and either the three sums or, of the histogram, bucket and count."""
    source = _of_facts if where.from_facts else _of_cells
    measure, period, group, conditions, columns = source(of, grain, where, buckets)
    keys = {"measure": measure, "period": period, "grp": group} | ({"bucket": columns.pop("bucket")} if buckets else {})
    return (
        select(
            literal_column(str(of.n)).label("part"),
            *[key.label(name) for name, key in keys.items()],
            *[func.coalesce(func.sum(c), 0).label(name) for name, c in columns.items()],
        )
        .where(conditions)
        .group_by(*[literal_column(str(place)) for place in range(2, 2 + len(keys))])
    )


def _of_cells(of: Together, grain: str | None, where: Cut, buckets: bool) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
    part, c = of.part, (BUCKET if buckets else CELL).c
    conditions = is_in(c.measure, of.measures) & (c.dimension == where.dimension)
    if where.filters:
        conditions &= is_in(c.value, f"f_{where.dimension}")
    conditions &= window(part, of.n, c.day, c.cohort_day, Date(), where.ever)
    if part.window != "cohort":
        conditions &= c.day < EVER
    period = _period(grain, c.cohort_day if part.window == "cohort" else c.day)
    group = c.value if where.by else literal_column("''")
    columns = {"bucket": c.bucket, "n": c.n} if buckets else {"n": c.n, "amount": c.amount, "us": c.us}
    return c.measure, period, group, conditions, columns


def _of_facts(of: Together, grain: str | None, where: Cut, buckets: bool) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
    part, measure = of.part, of.part.measure
    name: ColumnElement[str] = literal_column(f"'{measure.name}'", Text)
    c = TABLES[measure.of].table.c
    at, cohort = c[measure.at], c[measure.cohort or measure.at]
    conditions = counted(measure, where) & window(part, of.n, at, cohort, At, ever=False)
    period = _period(grain, func.timezone(bindparam("zone", type_=Text), cohort if part.window == "cohort" else at))
    group = func.coalesce(cast(c[measure.who[where.by]], Text), "") if where.by else literal_column("''")
    one: ColumnElement[int] = literal_column("1")
    nothing: ColumnElement[int] = literal_column("0")
    if buckets:
        return name, period, group, conditions, {"bucket": c[f"{measure.seconds}_bucket"], "n": one}
    amount = c[measure.value] if measure.value else nothing
    us = c[f"{measure.seconds}_us"] if measure.seconds else nothing
    return name, period, group, conditions, {"n": c[measure.count] if measure.count else one, "amount": amount, "us": us}
