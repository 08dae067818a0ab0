from metrics_svc.facts.lead import FIRST_MQL, MQL_TO_SQL
from metrics_svc.kpi import Kpi, rate

Kpi(
    "mql_to_sql",
    unit="ratio",
    title="MQL to SQL",
    title_zh="MQL 到 SQL 转化率",
    of=(MQL_TO_SQL, FIRST_MQL),
    read=lambda sql, mql: rate(sql=sql.n, mql=mql.n),
    says="Of the leads that first became an MQL in the period, those that ever became an SQL or more. A lead that went to SQL without "
    "being an MQL is in neither.",
)
