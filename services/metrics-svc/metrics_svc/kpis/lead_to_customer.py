from metrics_svc.facts.lead import CAPTURED
from metrics_svc.facts.lead_goal import LEAD_GOALS
from metrics_svc.kpi import Kpi, rate

Kpi(
    "lead_to_customer",
    unit="ratio",
    title="Lead to customer",
    title_zh="线索成交率",
    of=(LEAD_GOALS["won"], LEAD_GOALS["reversed"], CAPTURED),
    read=lambda won, back, captured: rate(customers=won.n - back.n, captured=captured.n),
    says="Leads captured in the period of which a deal was won / leads captured in the period. A lead counts once, however many of its "
    "deals were won; a win that was reversed does not count.",
)
