from metrics_svc.facts.lead import CAPTURED
from metrics_svc.kpi import Kpi

Kpi(
    "leads_captured",
    unit="count",
    title="Leads captured",
    title_zh="新增线索",
    of=(CAPTURED,),
    read=lambda captured: captured.n,
    says="Leads captured in the period. Leads that were merged count once, from the earliest capture on.",
)
