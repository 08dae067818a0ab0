"""Measures: what is counted, of which fact, when, for which cohort. Everything else about a figure follows from these declarations.

The same declaration gives the cells that a fact adds to (cells/changes.py), the SQL of the records that a figure counted, and the
aggregate when several dimensions are combined (figures/sources.py); so they cannot disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from metrics_svc.counting.dimensions import ALL, DIMENSIONS, SUMMED

MEASURES: dict[str, "Measure"] = {}
"""All measures by name: those that stand beside their facts, and those that a KPI's own file declares."""


@dataclass(frozen=True, eq=False)
class Measure:
    """Counts the facts of one kind that match `where`, on the business day of `at`.

    The fields name columns of the fact. With `cohort` a fact also belongs to the day of that column, and figures choose their
    members by it; with `aged` as well they ask how old that day is, at the end of a period. `value` is summed; `seconds="cycle"` sums
    `cycle_us` and keeps a histogram of `cycle_bucket`; `count` is summed in place of one for each fact. A fact counts only if none of
    `at`, `cohort` and the duration is empty. It is credited to its `owner_id` and `team_id`; `credit="left"` means `left_owner_id` and
    `left_team_id`. With `ends` it counts only until that column's time; such a measure is asked for as of an end (`until`).
    """

    name: str
    of: type[Any]
    at: str
    cohort: str | None = None
    value: str | None = None
    seconds: str | None = None
    count: str | None = None
    credit: str | None = None
    ends: str | None = None
    aged: bool = False
    where: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if MEASURES.setdefault(self.name, self) is not self:
            raise TypeError(f"there are two measures {self.name!r}")

    @property
    def declared(self) -> str:
        """What it means, as text. It changes exactly when the cells have to be computed again."""
        plain = [getattr(self, f.name) for f in fields(self) if f.name not in ("of", "where")]
        return repr((self.of.__name__, plain, sorted(self.where.items()), self.cells))

    @property
    def who(self) -> dict[str, str]:
        """The dimensions, with the column that holds each."""
        of_people = ("owner_id", "team_id") if self.credit else ()
        return {name: f"{self.credit}_{column}" if column in of_people else column for name, column in DIMENSIONS.items()}

    @property
    def cells(self) -> tuple["Cells", ...]:
        """A cohort has totals over all days in every dimension; day by day, for figures as of a past day, only over all facts together.

        By day, cohort day and dimension nearly every fact would have its own cells, so such figures are read from the facts. So are those
        of what ends: what counts at a time is few of all facts that ever counted.
        """
        if self.ends is not None:
            return ()
        if self.cohort is None or self.aged:
            return (Cells((ALL, *SUMMED), ever=False),)
        return Cells((ALL,), ever=False), Cells((ALL, *SUMMED), ever=True)


class Cells(NamedTuple):
    """Which cells a measure has: in these dimensions, day by day, or a cohort's totals over all days (`ever`)."""

    dimensions: tuple[str, ...]
    ever: bool
