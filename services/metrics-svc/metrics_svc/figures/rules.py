"""From sums to the rows of an answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from metrics_svc.figures.question import Grain, Question, floor, periods
from metrics_svc.kpi import Kpi, Reading, Sum, merged

Sums = dict[tuple[date | None, str], list[Sum]]
"""By period and group: one sum per part."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of an answer: of which days, of which group (None: all), and what it was computed from."""

    start: date | None
    end: date | None
    group: str | None
    reading: Reading
    counts: dict[str, int]

    @property
    def n(self) -> int:
        return sum(self.counts.values())


def row(kpi: Kpi, sums: Sequence[Sum], start: date | None, end: date | None, group: str | None) -> Row:
    counts: dict[str, int] = {}
    for part, s in zip(kpi.parts, sums, strict=True):
        counts[part.measure.name] = counts.get(part.measure.name, 0) + s.n
    return Row(start=start, end=end, group=group, reading=kpi.reading(list(sums)), counts=counts)


def total(kpi: Kpi, found: Sums) -> list[Sum]:
    return [merged([sums[n] for sums in found.values()]) for n in range(len(kpi.parts))]


def groups(found: Sums) -> list[str]:
    """The groups, those that counted most first."""
    n: dict[str, int] = {}
    for (_, group), sums in found.items():
        n[group] = n.get(group, 0) + sum(s.n for s in sums)
    return sorted(n, key=lambda group: (-n[group], group))


def series(kpi: Kpi, asked: Question, grain: Grain, found: Sums) -> Iterator[Row]:
    """A row per period and group, the periods without anything included. `found` has each period by its first day."""
    known = [period for period, _ in found if period is not None]
    if not known and (asked.start is None or asked.end is None):
        return
    first = asked.start or min(known)
    last = min(asked.end or max(known) + date.resolution, asked.seen)
    names = groups(found) if asked.by else [""]
    for start, end in periods(asked, grain, first, last):
        for name in names:
            sums = found.get((floor(start, grain), name)) or [Sum() for _ in kpi.parts]
            yield row(kpi, sums, start, end, name if asked.by else None)
