"""Reading sums: one statement for all parts of a figure, and one more for histograms."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, union_all

from metrics_svc.cells.months import month_of, months_kept
from metrics_svc.cells.tables import EVER
from metrics_svc.counting.dimensions import DIMENSIONS
from metrics_svc.figures.access import params
from metrics_svc.figures.plan import Reading, readings, trailing_from
from metrics_svc.figures.question import BEGINNING, Grain, Question
from metrics_svc.figures.rules import Sums
from metrics_svc.figures.sources import Cut, Read, cut, sums
from metrics_svc.figures.teams import with_teams_below
from metrics_svc.kpi import Part, Sum
from shared.access.rows import people_below
from shared.auth import Actor
from shared.db.query import Query
from shared.db.tx import Reader


@dataclass(frozen=True, slots=True)
class _Sums:
    part: int
    measure: str
    period: date | None
    grp: str
    n: int
    amount: Decimal
    us: Decimal


@dataclass(frozen=True, slots=True)
class _Bucket:
    part: int
    measure: str
    period: date | None
    grp: str
    bucket: int
    n: int


@lru_cache(maxsize=512)
def _sums_query(read: tuple[Read, ...], grain: Grain | None, where: Cut) -> Query[_Sums]:
    return Query(union_all(*[one for of in read for one in sums(of, grain, where, buckets=False)]), _Sums)


@lru_cache(maxsize=256)
def _buckets_query(read: tuple[Read, ...], grain: Grain | None, where: Cut) -> Query[_Bucket]:
    return Query(union_all(*[one for of in read for one in sums(of, grain, where, buckets=True)]), _Bucket)


_BELOW = Query(select(func.unnest(people_below())), UUID)


async def read_sums(
    db: Reader, actor: Actor, asked: Question, parts: Sequence[Part], grain: Grain | None = None, *, quantiles: bool = False
) -> Sums:
    """The sums of these parts that the actor may see."""
    asked = await with_teams_below(db, asked)
    numbered = list(enumerate(parts))
    where = cut(actor, asked.by, asked.filters, ever=asked.as_of is None)
    months = any(where.dimensions(part.measure) for part in parts) and await months_kept(db)
    found: Sums = defaultdict(lambda: [Sum() for _ in parts])
    plan = readings(numbered, asked, where, grain, months=months)
    values = await _values(db, actor, asked, plan, where, grain)
    for row in await db.all(_sums_query(tuple(of.read for of in plan), grain, where), **values):
        if row.n or row.amount or row.us:
            for place in plan[row.part].places[row.measure]:
                found[row.period, row.grp][place] += Sum(int(row.n), Decimal(row.amount), Decimal(row.us))
    if quantiles:
        where = replace(where, ever=False)
        plan = readings([(n, p) for n, p in numbered if p.measure.seconds], asked, where, grain, months=False, whole=True)
        values = await _values(db, actor, asked, plan, where, grain)
        for b in await db.all(_buckets_query(tuple(of.read for of in plan), grain, where), **values):
            for place in plan[b.part].places[b.measure]:
                found[b.period, b.grp][place].buckets[b.bucket] = int(b.n)
    return found


async def _values(db: Reader, actor: Actor, asked: Question, plan: Sequence[Reading], where: Cut, grain: Grain | None) -> dict[str, Any]:
    """The parameters of the statements of `sources.sums`."""
    values: dict[str, Any] = {}
    if facts := [(of.read.n, of.read.part) for of in plan if of.read.source == "facts"]:
        values = filter_values(asked) | params([part for _, part in facts], actor) | ({"zone": asked.zone.key} if grain else {})
    if cells := [of.read.part.measure for of in plan if of.read.source != "facts"]:
        values |= {f"v_{n}": list(asked.teams) if n == "team" and v else [v] for n, v in asked.filters.items()}
        whose = {where.whose(measure) for measure in cells}
        if "own" in whose:
            values["v_own"] = [str(actor.id)]
        if "below" in whose:
            values["v_below"] = [str(id) for id in await db.all(_BELOW, seen_by=actor.id)]
    for of in plan:
        of_days = asked if of.piece.start is None else asked.within(of.piece.start, of.piece.end)
        values |= _bounds(of_days, of.read.n, of.read.part, ever=where.ever, facts=of.read.source == "facts")
        if of.read.part.window == "cohort" and not where.ever and of.read.source in ("months", "days"):
            month = month_of(asked.seen)
            values[f"p{of.read.n}_{'seen' if of.read.source == 'months' else 'month'}"] = month
    return values


def parameters(actor: Actor, asked: Question, parts: Sequence[tuple[int, Part]]) -> dict[str, Any]:
    """The parameters of statements that read facts only."""
    values = filter_values(asked) | params([part for _, part in parts], actor)
    for n, part in parts:
        values |= _bounds(asked, n, part, ever=False, facts=True)
    return values


def _bounds(asked: Question, n: int, part: Part, *, ever: bool, facts: bool) -> dict[str, Any]:
    """The parameters of `sources.window`: days for cells, instants for facts."""

    def at(day: date) -> date | datetime:
        return asked.instant(day) if facts else day

    values: dict[str, Any] = {}
    if part.window in ("period", "cohort"):
        values |= {f"p{n}_from": at(asked.first), f"p{n}_to": at(asked.last)}
    if part.window == "prior":
        first, last = asked.prior
        values |= {f"p{n}_from": at(first), f"p{n}_to": at(last)}
    if part.window == "cohort":
        values |= {f"p{n}_seen": at(asked.seen)} if facts or not ever else {f"p{n}_ever": EVER}
    if part.window == "trailing":
        values[f"p{n}_from"] = at(trailing_from(part, asked))
    if part.window in ("trailing", "until"):
        values[f"p{n}_to"] = at(asked.close)
    if part.age is not None:
        last_day = asked.close - timedelta(days=1)
        youngest, oldest = part.age
        values[f"p{n}_younger"] = at(last_day - timedelta(days=youngest - 1))
        values[f"p{n}_older"] = at(BEGINNING if oldest is None else last_day - timedelta(days=oldest))
    return values


def filter_values(asked: Question) -> dict[str, Any]:
    """The parameters of the filters of `sources.chosen`."""
    values: dict[str, Any] = {}
    for name, text in asked.filters.items():
        if not DIMENSIONS[name].endswith("_id"):
            values[f"f_{name}"] = text
        elif text:
            values[f"f_{name}_ids"] = [UUID(id) for id in (asked.teams if name == "team" else (text,))]
    return values
