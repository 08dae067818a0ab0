from metrics_svc.facts.rejection import REJECTED
from metrics_svc.kpi import Kpi

Kpi(
    "quotes_rejected",
    unit="count",
    title="Quotes rejected",
    of=(REJECTED,),
    read=lambda rejected: rejected.n,
    says="Quotes that customers turned down in the period.",
)
