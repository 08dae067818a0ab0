"""KPIs: formulas over measures, computed when they are read. One file in `kpis/` each, found by its folder."""

import importlib
import pkgutil
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Literal

from metrics_svc.counting.measure import MEASURES, Measure
from metrics_svc.histogram import quantile
from metrics_svc.numbers import Numbers

Unit = Literal["count", "ratio", "change", "days", "money", "money_per_day"]
"""`ratio` is a part of a whole, from 0 to 1; `change` how much more something is than it was, as a part of what it was."""
Value = Decimal | float | int | None

_US_PER_DAY = 86_400_000_000


@dataclass(slots=True)
class Sum:
    """The sums of a measure in one window."""

    n: int = 0
    amount: Decimal = Decimal(0)
    us: Decimal = Decimal(0)
    buckets: dict[int, int] = field(default_factory=dict)

    def __iadd__(self, other: "Sum") -> "Sum":
        self.n += other.n
        self.amount += other.amount
        self.us += other.us
        for bucket, n in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + n
        return self

    def __sub__(self, other: "Sum") -> "Sum":
        """What is left after subtracting what was taken back."""
        buckets = {b: left for b in {**self.buckets, **other.buckets} if (left := self.buckets.get(b, 0) - other.buckets.get(b, 0))}
        return Sum(self.n - other.n, self.amount - other.amount, self.us - other.us, buckets)

    @property
    def mean_days(self) -> float | None:
        return float(self.us) / self.n / _US_PER_DAY if self.n > 0 else None

    def quantile_days(self, q: float) -> float | None:
        seconds = quantile(self.buckets, q)
        return None if seconds is None else seconds / 86_400


def merged(sums: list[Sum]) -> Sum:
    total = Sum()
    for s in sums:
        total += s
    return total


def ratio(part: int | Decimal, whole: int | Decimal) -> float | None:
    """A part of a whole, from 0 to 1.

    None where the whole is not above 0 or the part does not lie within it, as when what was counted in an earlier period is taken
    back in this one.
    """
    return float(part) / float(whole) if 0 <= part <= whole and whole > 0 else None


def change(now: Decimal | None, before: Decimal | None) -> float | None:
    """How much more it is than it was, as a part of what it was. None where there was nothing, or there is."""
    return float((now - before) / before) if now is not None and before else None


@dataclass(frozen=True)
class Reading:
    """A figure with the figures beside it, for example a mean with its median."""

    value: Value
    parts: dict[str, Value]


def rate(**of: int | Decimal) -> Reading:
    """The ratio of two named figures, the part and the whole. Both are shown beside it: where it is null they say why."""
    part, whole = of.values()
    return Reading(ratio(part, whole), {**of})


@dataclass(frozen=True)
class Part:
    """A measure as a KPI takes it: which of its facts count. A bare `Measure` in `Kpi.of` means `in_period`, or its cohort.

    `period`: happened in the period. `cohort`: belong to the period by their cohort, whenever they happened. `until`: happened before
    the period's end; `age` keeps those whose cohort day is between these numbers of days before the last day. `trailing`: in the last
    `days`; with a cohort, those whose cohort day lies there. `prior`: happened in the period before it.
    """

    measure: Measure
    window: Literal["period", "cohort", "until", "trailing", "prior"]
    days: int = 0
    age: tuple[int, int | None] | None = None


def until(measure: Measure, age: tuple[int, int | None] | None = None) -> Part:
    return Part(measure, "until", age=age)


def trailing(measure: Measure, days: int) -> Part:
    return Part(measure, "trailing", days)


def prior(measure: Measure) -> Part:
    return Part(measure, "prior")


KPIS: dict[str, "Kpi"] = {}


Of = tuple[Measure | Part, ...]


@dataclass(frozen=True, eq=False)
class Kpi:
    """`read` gets one `Sum` per entry of `of`, in that order, and before them the numbers of the policy where `of` is made of these.

    `quantiles` says that it needs their histograms.
    """

    name: str
    unit: Unit
    title: str
    title_zh: str
    of: Of | Callable[[Numbers], Of]
    read: Callable[..., Value | Reading]
    says: str
    quantiles: bool = False
    parts: tuple[Part, ...] = ()
    numbers: Numbers = field(default_factory=Numbers)

    def __post_init__(self) -> None:
        self._reckon_with(self.numbers)
        if KPIS.setdefault(self.name, self) is not self:
            raise TypeError(f"there are two KPIs {self.name!r}")

    def _reckon_with(self, numbers: Numbers) -> None:
        of = self.of(numbers) if callable(self.of) else self.of
        parts = (p if isinstance(p, Part) else Part(p, "cohort" if p.cohort else "period") for p in of)
        object.__setattr__(self, "parts", tuple(parts))
        object.__setattr__(self, "numbers", numbers)

    def by(self, numbers: Numbers) -> "Kpi":
        """The KPI as the policy has it."""
        return _by(self, numbers) if callable(self.of) else self

    @property
    def at_end(self) -> bool:
        """Whether it is a figure as of the period's end instead of one about the period."""
        return any(p.window in ("until", "trailing") for p in self.parts)

    @property
    def one_by_one(self) -> bool:
        """Whether each period of a series is asked for by itself: its window is not a part of that of the series."""
        return self.at_end or any(p.window == "prior" for p in self.parts)

    def reading(self, sums: list[Sum]) -> Reading:
        found = self.read(self.numbers, *sums) if callable(self.of) else self.read(*sums)
        return found if isinstance(found, Reading) else Reading(found, {})


@lru_cache(maxsize=64)
def _by(kpi: Kpi, numbers: Numbers) -> Kpi:
    found = copy(kpi)
    found._reckon_with(numbers)
    return found


@cache
def catalogue() -> dict[str, Kpi]:
    """All KPIs by name. Importing their files also declares the measures that only they need."""
    from metrics_svc import facts, kpis  # noqa: F401  (facts declare the measures of their own)

    for module in pkgutil.iter_modules(kpis.__path__):
        importlib.import_module(f"{kpis.__name__}.{module.name}")
    return dict(sorted(KPIS.items()))


def all_measures() -> dict[str, Any]:
    catalogue()
    return MEASURES
