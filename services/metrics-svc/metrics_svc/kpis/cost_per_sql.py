from metrics_svc.facts.lead import SQL
from metrics_svc.facts.spend import SPENT
from metrics_svc.kpi import Kpi
from metrics_svc.kpis.cost_per_lead import cost

Kpi(
    "cost_per_sql",
    unit="money",
    title="Cost per SQL",
    title_zh="单条合格线索成本",
    of=(SPENT, SQL),
    read=lambda spent, sql: cost(spent, sql.n, "sql"),
    says="Σ amount spent on campaigns in the period / leads captured in the period that ever became an SQL or more. Null where none did.",
)
