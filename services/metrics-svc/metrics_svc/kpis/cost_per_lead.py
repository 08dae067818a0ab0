from decimal import Decimal

from metrics_svc.facts.lead import CAPTURED
from metrics_svc.facts.spend import SPENT
from metrics_svc.kpi import Kpi, Reading, Sum


def cost(spent: Sum, brought: int, name: str) -> Reading:
    """What one costs: null where there is none. Sums are divided, never means of groups."""
    amount = Decimal(spent.amount)
    return Reading(amount / brought if brought > 0 else None, {"spent": amount, name: brought})


Kpi(
    "cost_per_lead",
    unit="money",
    title="Cost per lead",
    title_zh="单条线索成本",
    of=(SPENT, CAPTURED),
    read=lambda spent, captured: cost(spent, captured.n, "captured"),
    says="Σ amount spent on campaigns in the period / leads captured in the period. Null where none was.",
)
