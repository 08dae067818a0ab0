"""Wins and losses of deals, what is taken back, and how long a win took."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from metrics_svc.counting.dimensions import NOBODY, Holder, Placed
from metrics_svc.counting.fact import SALES, Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.times import microseconds
from metrics_svc.facts.deal import OPENED_UNKNOWN, DealFact
from metrics_svc.histogram import bucket_of
from metrics_svc.sales.history import OPEN, Step


@dataclass(slots=True)
class OutcomeFact(Placed):
    """A deal was won, lost, reversed or reopened. Dimensions as they were then: they carry the credit.

    A reversal has amount and owner of its win, and a reopening those of its loss: they take back exactly what was counted, from those
    for whom it was counted. When a qualified open deal goes to another owner or team, it is `handed_on` by the one and `taken_over` by
    the other.
    """

    deal_id: UUID
    n: int
    kind: str
    at: datetime
    amount: Decimal | None = None
    line: str | None = None  # this and the next are read by the release before; they go with the next one
    cohort_at: datetime | None = None
    undone_at: datetime | None = None  # when this win was reversed
    qualified: bool | None = None  # of a loss and its reopening: whether the deal was qualified when it was lost
    cycle_us: int | None = None  # from the opening, if that is known
    cycle_bucket: int | None = None
    lead_cycle_us: int | None = None  # from the lead's capture; negative for a deal won before the first contact
    lead_cycle_bucket: int | None = None


_OUTCOMES = ("won", "lost", "reversed", "reopened")
_TAKES_BACK = {"reversed": "won", "reopened": "lost"}


def outcomes(fact: DealFact, steps: Sequence[Step], captured: datetime | None) -> tuple[list[OutcomeFact], Holder]:
    """Its outcomes, and who had it when it was qualified."""
    opened = None if OPENED_UNKNOWN in fact.flags else steps[0].at
    made: list[OutcomeFact] = []
    qualified_by = holder = steps[0].who[:2] if fact.line == "lead" else None
    """`holder` is for whom it counts as open and qualified."""
    standing: dict[str, OutcomeFact] = {}
    """The last win and the last loss, until they are taken back."""
    for step in steps:
        if holder is not None and holder != step.who[:2]:
            made += _handed_over(fact, step, holder, len(made))
            holder = step.who[:2]
        if step.kind in _OUTCOMES:
            outcome = _outcome(fact, step, len(made), step.kind, step.who[:2])
            taken_back = standing.pop(_TAKES_BACK.get(step.kind, ""), None)
            if taken_back is not None:
                outcome.amount, outcome.qualified = taken_back.amount, taken_back.qualified
                outcome.owner_id, outcome.team_id = taken_back.owner_id, taken_back.team_id
                if step.kind == "reversed":
                    taken_back.undone_at = max(step.at, taken_back.at)
            elif step.kind == "lost":
                outcome.qualified = qualified_by is not None
            standing[step.kind] = outcome
            if step.kind == "won":
                _time(outcome, opened, captured)
            made.append(outcome)
            open_again = step.kind == "reversed" or (step.kind == "reopened" and outcome.qualified)
            holder = (outcome.owner_id, outcome.team_id) if open_again else None
            if holder is not None and holder != step.who[:2]:
                made += _handed_over(fact, step, holder, len(made))
                holder = step.who[:2]
        if qualified_by is None and step.place > 0:
            qualified_by = step.who[:2]
            holder = qualified_by if step.kind in OPEN else None
    return made, qualified_by or NOBODY


def _outcome(fact: DealFact, step: Step, n: int, kind: str, holder: Holder) -> OutcomeFact:
    return OutcomeFact(
        *holder,
        *step.who[2:],
        deal_id=fact.id,
        n=n,
        kind=kind,
        at=step.at,
        amount=step.amount,
        line=fact.line,
        cohort_at=fact.cohort_at,
    )


def _handed_over(fact: DealFact, step: Step, before: Holder, n: int) -> list[OutcomeFact]:
    """An open qualified deal went to another owner or team."""
    return [_outcome(fact, step, n, "handed_on", before), _outcome(fact, step, n + 1, "taken_over", step.who[:2])]


def _time(win: OutcomeFact, opened: datetime | None, captured: datetime | None) -> None:
    if opened is not None:
        win.cycle_us = microseconds(win.at - opened)
        win.cycle_bucket = bucket_of(win.cycle_us)
    if captured is not None:
        win.lead_cycle_us = microseconds(win.at - captured)
        win.lead_cycle_bucket = bucket_of(win.lead_cycle_us)


FACT = Fact("outcome_fact", OutcomeFact, ("deal_id", "n"), lane=SALES, record="deal", indexes=("kind at", "kind cohort_at", "owner_id"))


# What is taken back is taken off in the period in which that happened.
WON = Measure("won", OutcomeFact, at="at", value="amount", where={"kind": "won"})
LOST = Measure("lost", OutcomeFact, at="at", value="amount", where={"kind": "lost"})
REVERSED = Measure("reversed", OutcomeFact, at="at", value="amount", where={"kind": "reversed"})
REOPENED = Measure("reopened", OutcomeFact, at="at", value="amount", where={"kind": "reopened"})
QUALIFIED_LOST = Measure("qualified_lost", OutcomeFact, at="at", where={"kind": "lost", "qualified": True})
QUALIFIED_REOPENED = Measure("qualified_reopened", OutcomeFact, at="at", where={"kind": "reopened", "qualified": True})
HANDED_ON = Measure("handed_on", OutcomeFact, at="at", where={"kind": "handed_on"})
TAKEN_OVER = Measure("taken_over", OutcomeFact, at="at", where={"kind": "taken_over"})


# How long a win took: wins by when they were won, without those that were reversed since.
_WIN = {"kind": "won"}
WON_CYCLE = Measure("won_cycle", OutcomeFact, at="at", cohort="at", seconds="cycle", where=_WIN)
UNDONE_CYCLE = Measure("undone_cycle", OutcomeFact, at="undone_at", cohort="at", seconds="cycle", where=_WIN)
WON_FROM_LEAD = Measure("won_from_lead", OutcomeFact, at="at", cohort="at", seconds="lead_cycle", where=_WIN)
UNDONE_FROM_LEAD = Measure("undone_from_lead", OutcomeFact, at="undone_at", cohort="at", seconds="lead_cycle", where=_WIN)
