"""What `clinch verify` asks of lead-svc's data: histories are paths of the state machine, and end where the lead is (quality.md §1, 9)."""

from shared.verify import Check, Total, unbroken_path

CHECKS = (
    *unbroken_path(
        "each lead's history is an unbroken path that ends in its state",
        table="lead",
        column="state",
        came_from={
            "lead.mql_reached": "'captured'",
            "lead.nurtured": "data->>'from_state'",
            "lead.disqualified": "data->>'from_state'",
            "lead.reactivated": "data->>'from_state'",
            "lead.converted": "'sql'",
            "lead.conversion_refused": "'converting'",
        },
        went_to={
            "lead.stubbed": "'captured'",
            "lead.captured": "'captured'",
            "lead.mql_reached": "'mql'",
            "lead.qualified": "'sql'",
            "lead.nurtured": "'nurturing'",
            "lead.disqualified": "'disqualified'",
            "lead.reactivated": "'captured'",
            "lead.converted": "'converting'",
            "lead.conversion_confirmed": "'converted'",
            "lead.conversion_refused": "'sql'",
        },
        stays=("lead.captured",),
    ),
    Check(9, "a converted lead names its deal", "SELECT id FROM lead WHERE state IN ('converting', 'converted') AND deal_id IS NULL"),
)

TOTALS = (
    Total(
        8,
        "leads captured, by source",
        "SELECT coalesce(source, ''), count(*) FROM lead WHERE captured_at IS NOT NULL GROUP BY 1 ORDER BY 1",
    ),
    Total(
        8,
        "when each lead was captured",
        "SELECT captured_at::date, count(*), sum(extract(epoch FROM captured_at))::text FROM lead WHERE captured_at IS NOT NULL "
        "GROUP BY 1 ORDER BY 1",
    ),
)
