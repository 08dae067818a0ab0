"""What `clinch verify` asks of deal-svc's data: histories are paths of declared acts, and end where the record is."""

from deal_svc.answers import DEAL_ACTS
from deal_svc.conversion.rules import OPEN_FROM_LEAD
from deal_svc.deals.rules import OPEN
from deal_svc.imports.rules import CORRECT, IMPORT
from deal_svc.quotes.rules import CREATE, EXPIRE, QUOTE_ACTS, SUPERSEDE
from deal_svc.stages.rules import REVERSE_WIN, WIN_BY_CONTRACT
from shared.verify import Check, Total, legal_histories

CHECKS = (
    *legal_histories((OPEN, OPEN_FROM_LEAD, IMPORT, CORRECT, *DEAL_ACTS, WIN_BY_CONTRACT, REVERSE_WIN), table="deal", column="stage"),
    *legal_histories((CREATE, *QUOTE_ACTS, EXPIRE, SUPERSEDE), table="quote", column="status"),
    Check(
        9,
        "a deal has at most one accepted quote",
        "SELECT deal_id FROM quote WHERE status = 'accepted' GROUP BY deal_id HAVING count(*) > 1",
    ),
    Check(9, "net and tax of a quote add up to its total", "SELECT id FROM quote WHERE net + tax <> total"),
)

TOTALS = (
    Total(
        8,
        "deals by stage: count and amount",
        "SELECT stage, count(*), sum(trim_scale(amount * fx))::text FROM deal GROUP BY stage ORDER BY stage",
    ),
    Total(7, "leads of which a deal is won", "SELECT count(DISTINCT lead_id) FROM deal WHERE stage = 'won'"),
    Total(
        7,
        "open deals that came from a lead, by stage",
        "SELECT stage, count(*), count(DISTINCT lead_id) FROM deal WHERE lead_id IS NOT NULL AND closed_at IS NULL GROUP BY stage "
        "ORDER BY stage",
    ),
)
