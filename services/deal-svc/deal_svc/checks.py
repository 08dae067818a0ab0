"""What `clinch verify` checks of deal-svc's data.

Histories are paths of declared acts, and end where the record is.
"""

from deal_svc.acts import DEAL_ACTS, QUOTE_ACTS
from deal_svc.price_lists.rules import PRICE_LIST_ACTS
from deal_svc.quote_templates.rules import QUOTE_TEMPLATE_ACTS
from deal_svc.quotes.recount import differing
from shared.verify import ACCOUNTS_TOTAL, RATES_TOTAL, Check, Recount, Total, legal_histories

CHECKS = (
    *legal_histories(DEAL_ACTS, table="deal", column="stage"),
    *legal_histories(QUOTE_ACTS, table="quote", column="status"),
    *legal_histories(PRICE_LIST_ACTS, table="price_list", column="state"),
    *legal_histories(QUOTE_TEMPLATE_ACTS, table="quote_template", column="state"),
    Check(
        9,
        "of the templates for a channel one version is active",
        "SELECT min(id::text) FROM quote_template WHERE state = 'active' GROUP BY channel HAVING count(*) > 1",
    ),
    Check(
        9,
        "the documents of a quote that were made when it was sent are kept as they were",
        "SELECT quote_id FROM quote_paper WHERE made_at IS NOT NULL AND NOT EXISTS (SELECT FROM document "
        "WHERE kind = 'quote' AND record_id = quote_id AND sha256 = sha256(body))",
    ),
    Check(
        9,
        "a deal has at most one accepted quote",
        "SELECT deal_id FROM quote WHERE status = 'accepted' GROUP BY deal_id HAVING count(*) > 1",
    ),
    Check(
        9,
        "nobody has a next step to do of a deal that is closed",
        "SELECT task.id FROM task JOIN deal ON deal.id = task.record_id "
        "WHERE task.kind = 'next_step' AND task.state = 'open' AND deal.closed_at IS NOT NULL",
    ),
    # Wins that an earlier release told of say no tax: then somebody may have changed the amount between acceptance and signature.
    Check(
        9,
        "a deal that its contract won is worth what its accepted quote says, without tax",
        "SELECT deal.id FROM deal JOIN quote ON quote.id = deal.quote_id WHERE deal.stage = 'won' "
        "AND (deal.amount, deal.currency) IS DISTINCT FROM (quote.net, quote.currency) AND EXISTS (SELECT FROM event "
        "WHERE event.subject = deal.id AND event.type LIKE 'clinch.deal.won.%' AND event.data->>'contract_id' = deal.contract_id::text "
        "AND event.data->>'tax' IS NOT NULL)",
    ),
    # What an earlier release sent has no hash: by its rules somebody could still change the amount.
    Check(
        9,
        "an open deal whose quote was accepted names it, and is worth what it says, without tax",
        "SELECT deal.id FROM deal JOIN quote ON quote.deal_id = deal.id WHERE quote.status = 'accepted' AND quote.content_hash IS NOT NULL "
        "AND deal.stage NOT IN ('won', 'lost') AND (deal.quote_id, deal.amount, deal.currency) "
        "IS DISTINCT FROM (quote.id, quote.net, quote.currency)",
    ),
    Check(
        9,
        "a contract is of the deal that its quote is of, and wins no other",
        "SELECT c.contract_id FROM deal_contract c JOIN quote q ON q.id = c.quote_id WHERE q.deal_id <> c.deal_id "
        "UNION ALL SELECT c.contract_id FROM deal_contract c JOIN deal d ON d.contract_id = c.contract_id WHERE d.id <> c.deal_id",
    ),
    Check(
        9,
        "the content of a quote that was sent is the content that was approved",
        "SELECT s.subject FROM event s WHERE s.type = 'clinch.quote.sent.v1' AND s.data->>'content_hash' IS DISTINCT FROM ("
        "SELECT a.data->>'content_hash' FROM event a WHERE a.subject = s.subject AND a.type = 'clinch.quote.approved.v1' "
        "AND a.version < s.version ORDER BY a.version DESC LIMIT 1)",
    ),
    Check(
        9,
        "a quote is up for approval as long as an approval of it is open",
        "SELECT coalesce(q.id, a.record_id) FROM (SELECT id FROM quote WHERE status = 'pending_approval') q FULL JOIN "
        "(SELECT record_id FROM approval WHERE kind = 'quote' AND state = 'open') a ON a.record_id = q.id "
        "WHERE q.id IS NULL OR a.record_id IS NULL",
    ),
    Check(9, "net and tax of a quote add up to its total", "SELECT id FROM quote WHERE net + tax <> total"),
)

RECOUNTS = (Recount(9, "what a quote says is what was submitted of it", differing),)

TOTALS = (
    RATES_TOTAL,
    ACCOUNTS_TOTAL,
    Total(
        8,
        "deals by stage: count and amount",
        "SELECT stage, count(*), sum(trim_scale(amount * fx))::text FROM deal GROUP BY stage ORDER BY stage",
    ),
    Total(
        9,
        "net and tax of each quote that was accepted and of its contracts",
        "SELECT id, trim_scale(net)::text, trim_scale(tax)::text, currency FROM quote WHERE accepted_at IS NOT NULL ORDER BY id",
    ),
    Total(
        9,
        "deal, quote and state of each contract",
        "SELECT contract_id, deal_id, quote_id, number, state FROM deal_contract ORDER BY contract_id",
    ),
    Total(7, "leads of which a deal is won", "SELECT count(DISTINCT lead_id) FROM deal WHERE stage = 'won'"),
    Total(
        7,
        "open deals that came from a lead, by stage",
        "SELECT stage, count(*), count(DISTINCT lead_id) FROM deal WHERE lead_id IS NOT NULL AND closed_at IS NULL GROUP BY stage "
        "ORDER BY stage",
    ),
)
