from metrics_svc.kpi import Kpi, ratio
from metrics_svc.measures import CAPTURED, MQL

Kpi(
    "mql_rate",
    unit="ratio",
    title="MQL rate",
    of=(MQL, CAPTURED),
    read=lambda mql, captured: ratio(mql.n, captured.n),
    says="K2: leads captured in the period that ever became an MQL or more / leads captured in the period.",
)
