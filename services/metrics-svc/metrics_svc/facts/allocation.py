"""What a payment settles of which milestone."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from metrics_svc.counting.dimensions import Placed
from metrics_svc.counting.fact import SALES, Fact
from metrics_svc.counting.measure import Measure
from shared.access.kinds import CASH_FIGURES


@dataclass(slots=True)
class AllocationFact(Placed):
    """The part of a payment that settles a milestone: from the start of its due day on, or from its receipt when that came later.

    Owner and team are those of the milestone, so that what is owed and what settles it meet.
    """

    payment_id: UUID
    n: int
    deal_id: UUID | None
    milestone_id: UUID
    amount: Decimal
    due_at: datetime
    settles_at: datetime
    taken_back_at: datetime | None = None


FACT = Fact(
    "allocation_fact",
    AllocationFact,
    ("payment_id", "n"),
    lane=SALES,
    record="payment",
    figures=CASH_FIGURES,
    indexes=("settles_at", "owner_id", "deal_id"),
    constraints={"settling": "settles_at >= due_at AND taken_back_at >= settles_at"},
)


SETTLED = Measure("settled", AllocationFact, at="settles_at", cohort="due_at", aged=True, value="amount")
UNSETTLED = Measure("unsettled", AllocationFact, at="taken_back_at", cohort="due_at", aged=True, value="amount")
