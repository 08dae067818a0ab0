"""Reading sums: one statement for all parts of a figure, and one more for histograms."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import union_all

from metrics_svc.cells.tables import EVER
from metrics_svc.counting.dimensions import DIMENSIONS
from metrics_svc.figures.access import params
from metrics_svc.figures.question import BEGINNING, Grain, Question
from metrics_svc.figures.rules import Sums
from metrics_svc.figures.sources import Cut, Together, cut, sums, together
from metrics_svc.figures.teams import with_teams_below
from metrics_svc.kpi import Part, Sum
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
def _sums_query(read: tuple[Together, ...], grain: Grain | None, where: Cut) -> Query[_Sums]:
    return Query(union_all(*[sums(of, grain, where, buckets=False) for of in read]), _Sums)


@lru_cache(maxsize=256)
def _buckets_query(read: tuple[Together, ...], grain: Grain | None, where: Cut) -> Query[_Bucket]:
    return Query(union_all(*[sums(of, grain, where, buckets=True) for of in read]), _Bucket)


async def read_sums(
    db: Reader, actor: Actor, asked: Question, parts: Sequence[Part], grain: Grain | None = None, *, quantiles: bool = False
) -> Sums:
    """The sums of these parts that the actor may see."""
    asked = await with_teams_below(db, asked)
    ever = asked.as_of is None
    where = cut(actor, parts, asked.by, asked.filters, ever=ever, whole=any(_day_by_day(p, ever) for p in parts))
    found: Sums = defaultdict(lambda: [Sum() for _ in parts])
    read = together(enumerate(parts), where)
    values = parameters(actor, asked, [(of.n, of.part) for of in read], where, grain)
    place = _places(parts, read)
    for row in await db.all(_sums_query(tuple(read), grain, where), **values):
        found[row.period, row.grp][place[row.part, row.measure]] = Sum(int(row.n), Decimal(row.amount), Decimal(row.us))
    if quantiles:
        where = replace(where, ever=False, whole=True)
        read = together([(n, p) for n, p in enumerate(parts) if p.measure.seconds], where)
        values = parameters(actor, asked, [(of.n, of.part) for of in read], where, grain)
        place = _places(parts, read)
        for b in await db.all(_buckets_query(tuple(read), grain, where), **values):
            found[b.period, b.grp][place[b.part, b.measure]].buckets[b.bucket] = int(b.n)
    return found


def _day_by_day(part: Part, ever: bool) -> bool:
    """Whether it reads a cohort day by day; cells have that only over all facts together."""
    return (part.window == "cohort" and not ever) or (part.window == "trailing" and part.measure.cohort is not None)


def _places(parts: Sequence[Part], read: Iterable[Together]) -> dict[tuple[int, str], int]:
    """Which part a row belongs to, by the SELECT that it came from and its measure."""
    window = {(p.window, p.days, p.age, p.measure.name): n for n, p in enumerate(parts)}
    return {(of.n, name): window[of.part.window, of.part.days, of.part.age, name] for of in read for name in of.measures}


def parameters(
    actor: Actor, asked: Question, parts: Sequence[tuple[int, Part]], where: Cut, grain: Grain | None = None, *, facts: bool = False
) -> dict[str, Any]:
    """The parameters of the statements of `sources.sums`; with `facts`, of statements that read facts only."""
    facts = facts or where.from_facts
    values: dict[str, Any] = {f"f_{n}": list(asked.teams) if n == "team" and v else [v] for n, v in asked.filters.items()}
    if facts:
        values = filter_values(asked) | params([part for _, part in parts], actor) | ({"zone": asked.zone.key} if grain else {})

    def at(day: date) -> date | datetime:
        return asked.instant(day) if facts else day

    for n, part in parts:
        if part.window in ("period", "cohort"):
            values |= {f"p{n}_from": at(asked.first), f"p{n}_to": at(asked.last)}
        if part.window == "prior":
            first, last = asked.prior
            values |= {f"p{n}_from": at(first), f"p{n}_to": at(last)}
        if part.window == "cohort":
            values |= {f"p{n}_seen": at(asked.seen)} if facts or not where.ever else {f"p{n}_ever": EVER}
        if part.window == "trailing":
            values[f"p{n}_from"] = at(asked.close - timedelta(days=part.days))
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
