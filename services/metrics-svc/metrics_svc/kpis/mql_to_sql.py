from metrics_svc.kpi import Kpi, ratio
from metrics_svc.measures import FIRST_MQL, MQL_TO_SQL

Kpi(
    "mql_to_sql",
    unit="ratio",
    title="MQL to SQL",
    of=(MQL_TO_SQL, FIRST_MQL),
    read=lambda sql, mql: ratio(sql.n, mql.n),
    says="K3: of the leads that first became an MQL in the period, those that ever became an SQL.",
)
