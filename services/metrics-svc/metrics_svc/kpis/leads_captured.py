from metrics_svc.kpi import Kpi
from metrics_svc.measures import CAPTURED

Kpi(
    "leads_captured",
    unit="count",
    title="Leads captured",
    of=(CAPTURED,),
    read=lambda captured: captured.n,
    says="Leads captured in the period.",
)
