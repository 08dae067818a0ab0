"""What deals are worth, and when that counts at each step of the funnel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, Who
from metrics_svc.counting.fact import ROOM, SALES, Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.stages import REACHED, with_steps
from metrics_svc.facts.deal import DealFact
from metrics_svc.sales.history import Step


@with_steps
@dataclass(slots=True)
class AmountFact(Placed):
    """A change of a deal's amount, and when it counts at each step that the deal reached. The first one stands for the deal itself:
    it is there whatever the amount, and alone has 1 in `deals`. Dimensions are those of the member of the funnel.
    """

    deal_id: UUID
    n: int
    deals: int
    delta: Decimal
    at: datetime
    line: str | None = None
    cohort_at: datetime | None = None


def amounts(steps: Sequence[Step], fact: DealFact, member: Who, reached: Sequence[datetime | None]) -> list[AmountFact]:
    opened = steps[0].at
    changes: list[AmountFact] = []
    before = Decimal(0)
    for step in steps:
        amount = before if step.amount is None else step.amount
        if amount != before or not changes:
            at = max(step.at, opened)
            counts: Any = zip(REACHED.values(), [None if first is None else max(first, at) for first in reached], strict=True)
            change = AmountFact(
                *member,
                deal_id=fact.id,
                n=len(changes),
                deals=0 if changes else 1,
                delta=amount - before,
                at=at,
                line=fact.line,
                cohort_at=fact.cohort_at,
                **dict(counts),
            )
            changes.append(change)
            before = amount
    return changes


FACT = Fact("amount_fact", AmountFact, ("deal_id", "n"), lane=SALES, record="deal", indexes=("cohort_at", "owner_id"), fillfactor=ROOM)


# What stands beside the leads from F4 on, and the members of the line of direct deals.
LINES = {"lead": "lead_deal", "direct": "direct"}
"""The lines, and what the names of their measures begin with."""
DEALS_REACHED = {
    (line, step): Measure(f"{name}_{step}", AmountFact, at=at, cohort="cohort_at", count="deals", value="delta", where={"line": line})
    for line, name in LINES.items()
    for step, at in (("opened", "at"), *REACHED.items())
}
