from decimal import Decimal

from metrics_svc.facts.spend import SPENT
from metrics_svc.kpi import Kpi

Kpi(
    "spend",
    unit="money",
    title="Spend",
    title_zh="投放费用",
    of=(SPENT,),
    read=lambda spent: Decimal(spent.amount),
    says="Σ amount spent on campaigns in the period, each spread over its days and converted with the rate of the spending day. "
    "A corrected amount counts as it is now, on the days that it was spent on.",
)
