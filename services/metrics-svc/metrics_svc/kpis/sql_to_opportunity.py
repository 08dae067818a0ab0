from metrics_svc.facts.lead import FIRST_SQL, SQL_TO_DEAL
from metrics_svc.kpi import Kpi, rate

Kpi(
    "sql_to_opportunity",
    unit="ratio",
    title="SQL to opportunity",
    title_zh="SQL 到商机转化率",
    of=(SQL_TO_DEAL, FIRST_SQL),
    read=lambda converted, sql: rate(converted=converted.n, sql=sql.n),
    says="Of the leads that became an SQL in the period, those that were ever converted into a deal.",
)
