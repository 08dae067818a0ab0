"""Measures: what is counted, of which fact, when, for which cohort. Everything else about a figure follows from these declarations.

The same declaration gives the cells that a fact adds to (cells/changes.py), the SQL of the records that a figure counted, and the
aggregate when several dimensions are combined (figures/sources.py); so they cannot disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from metrics_svc.facts.rows import (
    ALL,
    DIMENSIONS,
    AllocationFact,
    AmountFact,
    DealFact,
    GoalFact,
    LeadFact,
    LeadGoalFact,
    MilestoneFact,
    OutcomeFact,
    PaymentFact,
    VisitFact,
)
from metrics_svc.stages import EXITS, STAGES

MEASURES: dict[str, "Measure"] = {}
"""All measures by name: those below, and those that a KPI's own file declares."""


@dataclass(frozen=True, eq=False)
class Measure:
    """Counts the facts of one kind that match `where`, on the business day of `at`.

    The fields name columns of the fact. With `cohort` a fact also belongs to the day of that column, and figures choose their
    members by it; with `aged` as well they ask how old that day is, at the end of a period. `value` is summed; `seconds="cycle"` sums
    `cycle_us` and keeps a histogram of `cycle_bucket`; `count` is summed in place of one for each fact. A fact counts only if none of
    `at`, `cohort` and the duration is empty. It is credited to its `owner_id` and `team_id`; `credit="left"` means `left_owner_id` and
    `left_team_id`.
    """

    name: str
    of: type[Any]
    at: str
    cohort: str | None = None
    value: str | None = None
    seconds: str | None = None
    count: str | None = None
    credit: str | None = None
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

        By day, cohort day and dimension nearly every fact would have its own cells, so such figures are read from the facts.
        """
        if self.cohort is None or self.aged:
            return (Cells((ALL, *DIMENSIONS), ever=False),)
        return Cells((ALL,), ever=False), Cells((ALL, *DIMENSIONS), ever=True)


class Cells(NamedTuple):
    """Which cells a measure has: in these dimensions, day by day, or a cohort's totals over all days (`ever`)."""

    dimensions: tuple[str, ...]
    ever: bool


# -- Leads: their KPIs, and the steps of the funnel, at which a lead counts once -------------------------------------------

CAPTURED = Measure("captured", LeadFact, at="captured_at", cohort="captured_at")
MQL = Measure("mql", LeadFact, at="f2_at", cohort="captured_at")
SQL = Measure("sql", LeadFact, at="f3_at", cohort="captured_at")
ASSISTS = Measure("assist", LeadFact, at="assist_at", cohort="captured_at")
FIRST_MQL = Measure("first_mql", LeadFact, at="first_mql_at", cohort="first_mql_at", credit="mql")
MQL_TO_SQL = Measure("mql_to_sql", LeadFact, at="f3_at", cohort="first_mql_at", credit="mql")
FIRST_SQL = Measure("first_sql", LeadFact, at="f3_at", cohort="f3_at", credit="sql")
SQL_TO_DEAL = Measure("sql_to_deal", LeadFact, at="to_deal_at", cohort="f3_at", credit="sql")

LEAD_REACHED = {
    step: Measure(f"lead_{step}", LeadFact, at=at, cohort="captured_at")
    for step, at in (("opened", "f4_at"), ("proposal", "f5_at"), ("negotiation", "f6_at"), ("closing", "f7_at"))
}
GOALS = ("won", "reversed", "paid", "unpaid")
LEAD_GOALS = {kind: Measure(f"lead_{kind}", LeadGoalFact, at="at", cohort="cohort_at", where={"kind": kind}) for kind in GOALS}

# -- Deals by cohort: what stands beside the leads from F4 on, and the members of the line of direct deals -----------------

LINES = {"lead": "lead_deal", "direct": "direct"}
"""The lines, and what the names of their measures begin with."""
DEALS_REACHED = {
    (line, step): Measure(f"{name}_{step}", AmountFact, at=at, cohort="cohort_at", count="deals", value="delta", where={"line": line})
    for line, name in LINES.items()
    for step, at in (("opened", "at"), ("proposal", "f5_at"), ("negotiation", "f6_at"), ("closing", "f7_at"))
}
DEAL_GOALS = {
    (line, kind): Measure(f"{name}_{kind}", GoalFact, at="at", cohort="cohort_at", value="amount", where={"kind": kind, "line": line})
    for line, name in LINES.items()
    for kind in GOALS
}

# -- Deals by when it happened; what is taken back is taken off in the period in which that happened -----------------------

QUALIFIED = Measure("qualified", DealFact, at="qualified_at", credit="qualified")
WON = Measure("won", OutcomeFact, at="at", value="amount", where={"kind": "won"})
LOST = Measure("lost", OutcomeFact, at="at", value="amount", where={"kind": "lost"})
REVERSED = Measure("reversed", OutcomeFact, at="at", value="amount", where={"kind": "reversed"})
REOPENED = Measure("reopened", OutcomeFact, at="at", value="amount", where={"kind": "reopened"})
QUALIFIED_LOST = Measure("qualified_lost", OutcomeFact, at="at", where={"kind": "lost", "qualified": True})
QUALIFIED_REOPENED = Measure("qualified_reopened", OutcomeFact, at="at", where={"kind": "reopened", "qualified": True})
HANDED_ON = Measure("handed_on", OutcomeFact, at="at", where={"kind": "handed_on"})
TAKEN_OVER = Measure("taken_over", OutcomeFact, at="at", where={"kind": "taken_over"})

# -- How long a win took: wins by when they were won, without those that were reversed since -------------------------------

_WIN = {"kind": "won"}
WON_CYCLE = Measure("won_cycle", OutcomeFact, at="at", cohort="at", seconds="cycle", where=_WIN)
UNDONE_CYCLE = Measure("undone_cycle", OutcomeFact, at="undone_at", cohort="at", seconds="cycle", where=_WIN)
WON_FROM_LEAD = Measure("won_from_lead", OutcomeFact, at="at", cohort="at", seconds="lead_cycle", where=_WIN)
UNDONE_FROM_LEAD = Measure("undone_from_lead", OutcomeFact, at="undone_at", cohort="at", seconds="lead_cycle", where=_WIN)

# -- Stays in a stage ------------------------------------------------------------------------------------------------------

ENTERED = {s: Measure(f"{s}_entered", VisitFact, at="entered_at", where={"stage": s}) for s in STAGES}
LEFT = {
    (s, to): Measure(f"{s}_left_{to}", VisitFact, at="left_at", seconds="stay", credit="left", where={"stage": s, "left_to": to})
    for s in STAGES
    for to in EXITS
}
_FIRST = {"first_in_cycle": True}
FIRST_ENTERED = {s: Measure(f"{s}_first", VisitFact, at="entered_at", cohort="entered_at", where={"stage": s} | _FIRST) for s in STAGES}
PASSED = {s: Measure(f"{s}_passed", VisitFact, at="passed_at", cohort="entered_at", where={"stage": s} | _FIRST) for s in STAGES}

# -- Cash: the cohort of a milestone, and of what settles it, is its due day, so that overdue amounts have an age ----------

DUE = Measure("due", MilestoneFact, at="due_at", cohort="due_at", aged=True, value="amount", credit="due")
EXCUSED = Measure("excused", MilestoneFact, at="excused_at", cohort="due_at", aged=True, value="excused", credit="due")
SETTLED = Measure("settled", AllocationFact, at="settles_at", cohort="due_at", aged=True, value="amount")
UNSETTLED = Measure("unsettled", AllocationFact, at="taken_back_at", cohort="due_at", aged=True, value="amount")
CASH = Measure("cash", PaymentFact, at="received_at", value="amount")
CASH_WAITED = Measure("cash_waited", PaymentFact, at="received_at", value="waited")
CASH_BACK = Measure("cash_back", PaymentFact, at="reversed_at", value="amount")
CASH_BACK_WAITED = Measure("cash_back_waited", PaymentFact, at="reversed_at", value="waited")
