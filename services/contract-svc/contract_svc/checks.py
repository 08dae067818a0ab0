"""What `clinch verify` asks of contracts: legal histories, one per quote, money to the last cent."""

from contract_svc.acts import CONTRACT_ACTS
from shared.verify import ACCOUNTS_TOTAL, Check, Total, legal_histories

_OF_LINES = (
    "(SELECT sum((line->>'net')::numeric) AS net, sum((line->>'tax')::numeric) AS tax FROM jsonb_array_elements(lines) AS line) AS of_lines"
)

CHECKS = (
    *legal_histories(CONTRACT_ACTS, table="contract", column="state"),
    Check(
        9,
        "one live contract per accepted quote",
        "SELECT quote_id FROM contract WHERE state NOT IN ('voided', 'terminated') GROUP BY quote_id HAVING count(*) > 1",
    ),
    Check(
        9,
        "milestones add up to the contract's total, to the last cent",
        "SELECT c.number FROM contract c LEFT JOIN milestone m ON m.contract_id = c.id GROUP BY c.id, c.number, c.total "
        "HAVING coalesce(sum(m.amount), 0) <> c.total",
    ),
    Check(9, "net and tax of a contract add up to its total", "SELECT number FROM contract WHERE net + tax <> total"),
    Check(
        9,
        "net and tax of a contract are those of its lines",
        f"SELECT number FROM contract CROSS JOIN LATERAL {_OF_LINES} WHERE contract.net <> of_lines.net OR contract.tax <> of_lines.tax",
    ),
    Check(
        9,
        "a payment's allocations and credit add up to it",
        "SELECT p.id FROM payment p LEFT JOIN allocation a ON a.payment_id = p.id WHERE p.reversed_at IS NULL "
        "GROUP BY p.id, p.amount, p.credit HAVING coalesce(sum(a.amount), 0) + p.credit <> p.amount",
    ),
    Check(
        9,
        "what a milestone counts as paid is what payments that were kept gave it",
        "SELECT m.id FROM milestone m LEFT JOIN (SELECT a.* FROM allocation a JOIN payment p ON p.id = a.payment_id "
        "WHERE p.reversed_at IS NULL) a ON a.milestone_id = m.id GROUP BY m.id, m.paid HAVING coalesce(sum(a.amount), 0) <> m.paid",
    ),
)

TOTALS = (
    ACCOUNTS_TOTAL,
    Total(
        9,
        "net and tax of each quote that was accepted and of its contracts",
        "SELECT DISTINCT quote_id, trim_scale(of_lines.net)::text, trim_scale(of_lines.tax)::text, currency "
        f"FROM contract CROSS JOIN LATERAL {_OF_LINES} ORDER BY quote_id",
    ),
    Total(9, "deal, quote and state of each contract", "SELECT id, deal_id, quote_id, number, state FROM contract ORDER BY id"),
    Total(
        8,
        "payments kept: count and amount",
        "SELECT count(*), coalesce(sum(trim_scale(p.amount * c.fx)), 0)::text FROM payment p JOIN contract c ON c.id = p.contract_id "
        "WHERE p.reversed_at IS NULL",
    ),
)
