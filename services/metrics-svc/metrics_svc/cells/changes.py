"""What a change of facts changes in the cells: the entries of the new facts less those of the old."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from metrics_svc.cells.tables import ALL, EVER
from metrics_svc.facts.rows import DIMENSIONS
from metrics_svc.kpi import all_measures

Key = tuple[str, str, str, date, date]
"""Measure, dimension, value, cohort day, day: the key of a cell."""

_NAMES = (ALL, *DIMENSIONS)
_NOTHING: list[Any] = []


class _Entry(NamedTuple):
    """A measure as the loop below needs it."""

    name: str
    where: tuple[tuple[str, Any], ...]
    at: str
    cohort: str | None
    value: str | None
    us: str | None
    bucket: str | None


class _Plan(NamedTuple):
    """The entries of one kind of fact, those with conditions by the value of the first column that they ask for."""

    column: str | None
    chosen: dict[Any, list[_Entry]]
    always: list[_Entry]


@lru_cache(maxsize=1)
def _plans() -> dict[type[Any], _Plan]:
    plans: dict[type[Any], _Plan] = {}
    for m in all_measures().values():
        us, bucket = (f"{m.seconds}_us", f"{m.seconds}_bucket") if m.seconds else (None, None)
        (column, wanted), *where = m.where.items() or [(None, None)]
        plan = plans.get(m.of)
        if plan is None or (plan.column is None and column is not None):
            plan = plans[m.of] = _Plan(column, {}, plan.always if plan else [])
        if column not in (None, plan.column):
            where = list(m.where.items())
            column = None
        entries = plan.always if column is None else plan.chosen.setdefault(wanted, [])
        entries.append(_Entry(m.name, tuple(where), m.at, m.cohort, m.value, us, bucket))
    return plans


class _Days(dict[datetime, date]):
    """The business day of an instant, looked up once: a fact is counted by several measures."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, at: datetime) -> date:
        day = self[at] = at.astimezone(self._zone).date()
        return day


class CellChanges:
    """Collects the entries of facts, taken away and added, and gives the sums that cells change by."""

    def __init__(self, zone: tzinfo) -> None:
        self._days = _Days(zone)
        self._sums: dict[tuple[Any, ...], list[Any]] = {}
        self._buckets: dict[tuple[Any, ...], int] = defaultdict(int)
        self._plans = _plans()

    def take(self, facts: Iterable[Any]) -> None:
        self._count(facts, -1)

    def add(self, facts: Iterable[Any]) -> None:
        self._count(facts, 1)

    def _count(self, facts: Iterable[Any], sign: int) -> None:
        sums, buckets, days = self._sums, self._buckets, self._days
        for fact in facts:
            who = (fact.source, _text(fact.owner_id), _text(fact.team_id), fact.product, fact.region)
            column, chosen, always = self._plans[type(fact)]
            entries = chosen.get(getattr(fact, column), _NOTHING) + always if column else always
            for name, where, at_column, cohort_column, value, us, bucket in entries:
                at: datetime | None = getattr(fact, at_column)
                if at is None or (where and any(getattr(fact, c) != wanted for c, wanted in where)):
                    continue
                duration = getattr(fact, us) if us else 0
                if duration is None:
                    continue
                day = days[at]
                cohort_day = None
                if cohort_column is not None:
                    begun: datetime | None = getattr(fact, cohort_column)
                    if begun is None:
                        continue
                    cohort_day = days[begun]
                key = (name, day, cohort_day, who)
                entry = sums.get(key)
                if entry is None:
                    entry = sums[key] = [0, Decimal(0), 0]
                entry[0] += sign
                if value is not None and (amount := getattr(fact, value)) is not None:
                    entry[1] += sign * amount
                if bucket is not None:
                    entry[2] += sign * duration
                    buckets[*key, getattr(fact, bucket)] += sign

    def cells(self) -> list[tuple[Key, int, Decimal, int]]:
        """The cells that change, with what is added to count, amount and microseconds."""
        found: dict[Key, list[Any]] = {}
        for (name, day, cohort, who), (n, amount, us) in self._sums.items():
            if n or amount or us:
                for key in _marginals(name, day, cohort, who):
                    cell = found.get(key)
                    if cell is None:
                        found[key] = [n, amount, us]
                    else:
                        cell[0] += n
                        cell[1] += amount
                        cell[2] += us
        return [(key, n, amount, us) for key, (n, amount, us) in found.items() if n or amount or us]

    def buckets(self) -> list[tuple[Key, int, int]]:
        """The same for the histograms: key, bucket, count."""
        found: dict[tuple[Key, int], int] = defaultdict(int)
        for (name, day, cohort, who, bucket), n in self._buckets.items():
            if n:
                for key in _marginals(name, day, cohort, who):
                    found[key, bucket] += n
        return [(key, bucket, n) for (key, bucket), n in found.items() if n]


def _marginals(name: str, day: date, cohort: date | None, who: tuple[Any, ...]) -> list[Key]:
    """The total and one cell per dimension; for a cohort the same once more over all days."""
    values = ("", *[v or "" for v in who])
    if cohort is None:
        return [(name, d, v, day, day) for d, v in zip(_NAMES, values, strict=True)]
    return [(name, d, v, cohort, on) for d, v in zip(_NAMES, values, strict=True) for on in (day, EVER)]


@lru_cache(maxsize=4096)
def _text(id: UUID | None) -> str:
    return "" if id is None else str(id)
