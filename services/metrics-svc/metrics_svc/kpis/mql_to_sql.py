from metrics_svc.kpi import Kpi, rate
from metrics_svc.measures import FIRST_MQL, MQL_TO_SQL

Kpi(
    "mql_to_sql",
    unit="ratio",
    title="MQL to SQL",
    of=(MQL_TO_SQL, FIRST_MQL),
    read=lambda sql, mql: rate(sql=sql.n, mql=mql.n),
    says="Of the leads that first became an MQL in the period, those that ever became an SQL or more. A lead that went to SQL without "
    "being an MQL is in neither.",
)
