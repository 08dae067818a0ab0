"""When a lead was won and paid: as long as one of its deals is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, Who
from metrics_svc.counting.fact import SALES, Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.facts.goal import KINDS, GoalFact
from shared.access.kinds import LEAD_FIGURES


@dataclass(slots=True)
class LeadGoalFact(Placed):
    """A lead reached a goal with its first deal that did (won, paid), or has no such deal any more (reversed, unpaid)."""

    lead_id: UUID
    n: int
    kind: str
    at: datetime
    cohort_at: datetime | None = None


_UNDOES = {"reversed": "won", "unpaid": "paid"}


def goals_of_lead(lead_id: UUID, who: Who, captured_at: datetime | None, goals: Sequence[GoalFact]) -> list[LeadGoalFact]:
    """The goals of a lead: when the first of its deals got there, and when the last one was taken back."""
    there = dict.fromkeys(_UNDOES.values(), 0)
    found: list[LeadGoalFact] = []
    for goal in sorted(goals, key=lambda g: (g.at, g.deal_id, g.n)):
        undone = _UNDOES.get(goal.kind)
        there[undone or goal.kind] += -1 if undone else 1
        if there[undone or goal.kind] == (0 if undone else 1):
            lead_goal = LeadGoalFact(
                *who,
                lead_id=lead_id,
                n=len(found),
                kind=goal.kind,
                at=goal.at,
                cohort_at=captured_at,
            )
            found.append(lead_goal)
    return found


FACT = Fact(
    "lead_goal_fact",
    LeadGoalFact,
    ("lead_id", "n"),
    lane=SALES,
    record="lead",
    figures=LEAD_FIGURES,
    indexes=("kind cohort_at", "owner_id"),
)


LEAD_GOALS = {kind: Measure(f"lead_{kind}", LeadGoalFact, at="at", cohort="cohort_at", where={"kind": kind}) for kind in KINDS}
