"""What `clinch verify` asks of deal-svc's data: histories are paths of the state machine, and end where the deal is (quality.md §1, 9)."""

from shared.verify import Check, Total, unbroken_path

CHECKS = (
    *unbroken_path(
        "each deal's history is an unbroken path that ends in its stage",
        table="deal",
        column="stage",
        came_from={
            "deal.stage_changed": "data->>'from_stage'",
            "deal.won": "data->>'from_stage'",
            "deal.lost": "data->>'from_stage'",
            "deal.reopened": "'lost'",
            "deal.win_reversed": "'won'",
        },
        went_to={
            "deal.opened": "data->>'stage'",
            "deal.stage_changed": "data->>'to_stage'",
            "deal.won": "'won'",
            "deal.lost": "'lost'",
            "deal.reopened": "data->>'stage'",
            "deal.win_reversed": "data->>'stage'",
            "deal.history_corrected": "data->>'stage'",
        },
    ),
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
