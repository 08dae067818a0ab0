"""How changes of facts change the cells: by what the facts add now, less what they added before."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from metrics_svc.cells.months import monthly
from metrics_svc.cells.tables import EVER
from metrics_svc.counting.dimensions import ALL, SUMMED
from metrics_svc.counting.measure import Measure
from metrics_svc.kpi import all_measures
from shared.calendar import day_of

Key = tuple[str, str, date, str, date]
"""Measure, dimension, day, value, cohort day: the key of a cell."""

Change = tuple[Any, Any]
"""A fact as it was and as it is; None where there was or is none."""

_NOTHING = Decimal(0)


class _Counter(NamedTuple):
    """A measure as the loop below needs it. `read` gives all that it takes from a fact: equal readings change no cell."""

    name: str
    read: Callable[[Any], tuple[Any, ...]]
    where: tuple[Any, ...]
    cohort: bool
    value: bool
    seconds: bool
    counts: bool
    credit: int
    """The number, in its plan, of those whom it is credited to."""


def _counter(m: Measure, credit: int) -> _Counter:
    us, bucket = (f"{m.seconds}_us", f"{m.seconds}_bucket") if m.seconds else (m.at, m.at)
    read = attrgetter(m.at, m.cohort or m.at, us, bucket, m.value or m.at, m.count or m.at, *m.where)
    return _Counter(
        name=m.name,
        read=read,
        where=tuple(m.where.values()),
        cohort=bool(m.cohort),
        value=bool(m.value),
        seconds=bool(m.seconds),
        counts=bool(m.count),
        credit=credit,
    )


class _Plan(NamedTuple):
    """The measures of one kind of fact, by the value of a column that most of them ask for, and those that do not."""

    column: str | None
    chosen: dict[Any, list[_Counter]]
    others: list[_Counter]
    who: Sequence[Callable[[Any], tuple[Any, ...]]]
    """Each reads whom a fact is credited to, with the other dimensions."""

    def of(self, fact: Any) -> list[_Counter]:
        return self.chosen.get(getattr(fact, self.column), self.others) if self.column else self.others


@lru_cache(maxsize=1)
def _plans() -> dict[type[Any], _Plan]:
    measures = [m for m in all_measures().values() if m.cells]
    columns = {m.of: next(iter(m.where), None) for m in sorted(measures, key=lambda m: len(m.where))}
    plans = {}
    for kind, column in columns.items():
        of_kind = [m for m in measures if m.of is kind]
        credits = list(dict.fromkeys(m.credit for m in of_kind))
        counters = [(m, _counter(m, credits.index(m.credit))) for m in of_kind]
        others = [counter for m, counter in counters if column not in m.where]
        wanted = {m.where[column]: None for m in of_kind if column is not None and column in m.where}
        chosen = {value: [*others, *[counter for m, counter in counters if m.where.get(column or "") == value]] for value in wanted}
        whose = [next(m for m in of_kind if m.credit == credit).who for credit in credits]
        who = [attrgetter(*[columns_of[name] for name in SUMMED]) for columns_of in whose]
        plans[kind] = _Plan(column, chosen, others, who)
    return plans


_VALUES = (ALL, *SUMMED)
"""What the values of a fact are kept by."""


@lru_cache(maxsize=1)
def _places() -> dict[str, list[tuple[str, int, bool]]]:
    """Where the cells of each measure are: the dimension, where its value is among those of a fact, and whether over all days."""
    return {
        name: [(dimension, _VALUES.index(dimension), cells.ever) for cells in m.cells for dimension in cells.dimensions]
        for name, m in all_measures().items()
    }


@lru_cache(maxsize=1)
def _monthly() -> frozenset[str]:
    return frozenset(name for name, m in all_measures().items() if monthly(m))


class _Days(dict[datetime, date]):
    """The business day of an instant, looked up once: a fact is counted by several measures."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, at: datetime) -> date:
        day = self[at] = day_of(at, self._zone)
        return day


class CellChanges:
    """Collects changes of facts, and gives the sums by which cells change."""

    def __init__(self, zone: tzinfo) -> None:
        self._days = _Days(zone)
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._values: list[tuple[str, ...]] = []
        """By number: the values of a fact, as `_VALUES` names them. Numbers hash faster than what they stand for."""
        self._sums: dict[tuple[str, date, date, int], list[Any]] = {}
        """By measure, day, cohort day and the number of the dimensions' values: what all cells are summed from."""
        self._buckets: dict[tuple[Any, ...], int] = defaultdict(int)

    def take(self, changes: Iterable[Change]) -> None:
        plans = _plans()
        for old, new in changes:
            fact = old if new is None else new
            plan = plans.get(type(fact))
            if plan is None:
                continue  # nothing counts it
            counters = plan.of(fact)
            if old is None or new is None:
                who, sign = self._numbers_of(plan, fact), -1 if new is None else 1
                for counter in counters:
                    reading = counter.read(fact)
                    if reading[0] is not None:
                        self._count(counter, reading, who[counter.credit], sign)
            elif plan.of(old) is not counters:
                self.take([(old, None), (None, new)])
            else:
                who, now = self._numbers_of(plan, old), self._numbers_of(plan, new)
                for counter in counters:
                    before, after = counter.read(old), counter.read(new)
                    credit = counter.credit
                    if before != after or who[credit] != now[credit]:
                        if before[0] is not None:
                            self._count(counter, before, who[credit], -1)
                        if after[0] is not None:
                            self._count(counter, after, now[credit], 1)

    def _numbers_of(self, plan: _Plan, fact: Any) -> list[int]:
        """For each of those whom the fact is credited to."""
        found = []
        for read in plan.who:
            who = read(fact)
            number = self._numbers.get(who)
            if number is None:
                number = self._numbers[who] = len(self._values)
                self._values.append(("", *["" if value is None else str(value) for value in who]))
            found.append(number)
        return found

    def _count(self, m: _Counter, reading: tuple[Any, ...], who: int, sign: int) -> None:
        """Add a reading that has a time to the sums of its cells."""
        at, cohort_at, us, bucket, amount, count = reading[:6]
        if cohort_at is None or us is None or reading[6:] != m.where:
            return
        day = self._days[at]
        cohort_day = self._days[cohort_at] if m.cohort else day
        key = (m.name, day, cohort_day, who)
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = [0, _NOTHING, 0]
        sums[0] += sign * count if m.counts else sign
        if m.value and amount is not None:
            sums[1] += sign * amount
        if m.seconds:
            sums[2] += sign * us
            self._buckets[m.name, ALL, day, "", cohort_day, bucket] += sign

    def cells(self) -> list[tuple[Any, ...]]:
        """The cells that change: their keys, with what is added to count, amount and microseconds."""
        found: dict[Key, list[Any]] = {}
        places = _places()
        for (name, day, cohort, who), (n, amount, us) in self._sums.items():
            if n or amount or us:
                values = self._values[who]
                for dimension, at, ever in places[name]:
                    key = (name, dimension, EVER if ever else day, values[at], cohort)
                    cell = found.get(key)
                    if cell is None:
                        found[key] = [n, amount, us]
                    else:
                        cell[0] += n
                        cell[1] += amount
                        cell[2] += us
        return [(*key, n, amount, us) for key, (n, amount, us) in found.items() if n or amount or us]

    def pending(self) -> list[tuple[Any, ...]]:
        """What cells of months change by, not yet summed: by measure, day, cohort day and the value of each dimension."""
        names = _monthly()
        return [
            (name, day, cohort, *self._values[who][1:], n, amount, us)
            for (name, day, cohort, who), (n, amount, us) in self._sums.items()
            if (n or amount or us) and name in names
        ]

    def buckets(self) -> list[tuple[Any, ...]]:
        """The same for the histograms: key, bucket, count."""
        return [(*key, n) for key, n in self._buckets.items() if n]
