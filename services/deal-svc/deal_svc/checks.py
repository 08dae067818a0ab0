"""What `clinch verify` asks of deal-svc's data: histories are paths of the state machine, and end where the deal is (quality.md §1, 9)."""

from shared.verify import Check, unbroken_path

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
