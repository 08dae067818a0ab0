"""Stays of deals in stages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from metrics_svc.counting.dimensions import Placed
from metrics_svc.counting.fact import SALES, Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.stages import EXITS, STAGES, UNKNOWN, WON, place
from metrics_svc.counting.times import microseconds
from metrics_svc.facts.deal import DealFact
from metrics_svc.histogram import bucket_of
from metrics_svc.sales.history import OPEN, Step


@dataclass(slots=True)
class VisitFact(Placed):
    """One stay of a deal in a stage. `passed_at`: when the deal was beyond the stage for the first time in this cycle. `reopened_at`: of
    the first stay in a stage that the deal did not get beyond in this cycle, when the loss that ended the cycle was taken back.

    `owner_id` had the deal when it came, `left_owner_id` when it went.
    """

    deal_id: UUID
    n: int
    cycle: int
    stage: str
    entered_at: datetime
    first_in_cycle: bool
    left_at: datetime | None = None
    left_to: str | None = None
    left_owner_id: UUID | None = None
    left_team_id: UUID | None = None
    passed_at: datetime | None = None
    stay_us: int | None = None
    stay_bucket: int | None = None
    reopened_at: datetime | None = None


def visits(steps: Sequence[Step], fact: DealFact) -> list[VisitFact]:
    made: list[VisitFact] = []
    entered: set[tuple[int, str]] = set()
    reached: dict[int, list[datetime | None]] = {}
    """When it was first beyond each place of the path, by cycle."""
    reopened: dict[int, datetime] = {}
    """When the loss that ended a cycle was taken back."""
    current: VisitFact | None = None
    for step in steps:
        if step.kind == "updated":
            continue
        if current is not None:
            # A signature may be dated before the last move. The stay then took no time; it is never negative.
            current.left_at = max(step.at, current.entered_at)
            current.left_to = step.to or step.kind
            current.left_owner_id, current.left_team_id = step.who[:2]
            current.stay_us = microseconds(current.left_at - current.entered_at)
            current.stay_bucket = bucket_of(current.stay_us)
            current = None
        if step.kind == "reopened" and made:
            reopened[made[-1].cycle] = step.at
        if step.kind in OPEN:
            entry = (step.cycle, step.stage)
            current = VisitFact(
                *step.who,
                deal_id=fact.id,
                n=len(made),
                cycle=step.cycle,
                stage=step.stage,
                entered_at=step.at,
                first_in_cycle=entry not in entered,
            )
            made.append(current)
            entered.add(entry)
        if step.kind != "lost" and step.place > 0:
            first = reached.get(step.cycle)
            if first is None:
                first = reached[step.cycle] = [None] * WON
            for n in range(step.place):
                if (before := first[n]) is None or step.at < before:
                    first[n] = step.at
    for visit in made:
        here = place(visit.stage)
        passed = reached[visit.cycle][here] if here != UNKNOWN and visit.cycle in reached else None
        visit.passed_at = passed and max(visit.entered_at, passed)
        if visit.first_in_cycle and passed is None and (again := reopened.get(visit.cycle)) is not None:
            visit.reopened_at = max(visit.entered_at, again)
    return made


FACT = Fact(
    "visit_fact",
    VisitFact,
    ("deal_id", "n"),
    lane=SALES,
    record="deal",
    indexes=("stage entered_at", "stage left_at", "owner_id"),
    sparse=("left_owner_id",),
    constraints={"stay": "stay_us >= 0 AND left_at >= entered_at", "passing": "passed_at >= entered_at"},
)


ENTERED = {s: Measure(f"{s}_entered", VisitFact, at="entered_at", where={"stage": s}) for s in STAGES}
LEFT = {
    (s, to): Measure(f"{s}_left_{to}", VisitFact, at="left_at", seconds="stay", credit="left", where={"stage": s, "left_to": to})
    for s in STAGES
    for to in EXITS
}
_FIRST = {"first_in_cycle": True}
FIRST_ENTERED = {s: Measure(f"{s}_first", VisitFact, at="entered_at", cohort="entered_at", where={"stage": s} | _FIRST) for s in STAGES}
PASSED = {s: Measure(f"{s}_passed", VisitFact, at="passed_at", cohort="entered_at", where={"stage": s} | _FIRST) for s in STAGES}
FIRST_REOPENED = {
    s: Measure(f"{s}_first_reopened", VisitFact, at="reopened_at", cohort="reopened_at", where={"stage": s} | _FIRST) for s in STAGES
}
