from metrics_svc.facts.lead import CAPTURED, MQL
from metrics_svc.kpi import Kpi, rate

Kpi(
    "mql_rate",
    unit="ratio",
    title="MQL rate",
    title_zh="MQL 转化率",
    of=(MQL, CAPTURED),
    read=lambda mql, captured: rate(mql=mql.n, captured=captured.n),
    says="Leads captured in the period that ever became an MQL or more / leads captured in the period.",
)
