from metrics_svc.kpi import Kpi, ratio
from metrics_svc.measures import CAPTURED, ENDED

Kpi(
    "lead_to_customer",
    unit="ratio",
    title="Lead to customer",
    of=(ENDED["lead", "won"], ENDED["lead", "reversed"], CAPTURED),
    read=lambda won, back, captured: ratio(won.n - back.n, captured.n),
    says="K8: leads captured in the period whose deal was won / leads captured in the period.",
)
