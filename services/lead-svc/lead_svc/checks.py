"""What `clinch verify` asks of lead-svc's data: histories are paths of its acts, and end where the lead is."""

from lead_svc.acts import LEAD_ACTS
from shared.events.lead import LeadCaptured
from shared.verify import RATES_TOTAL, Check, Total, legal_histories

CHECKS = (
    *legal_histories(LEAD_ACTS, table="lead", column="state", stays=[LeadCaptured]),
    Check(9, "a converted lead names its deal", "SELECT id FROM lead WHERE state IN ('converting', 'converted') AND deal_id IS NULL"),
    Check(
        9,
        "nobody waits for the wake-up date of a lead that is not put aside",
        "SELECT task.id FROM task JOIN lead ON lead.id = task.record_id "
        "WHERE task.kind = 'wake_up' AND task.state = 'open' AND lead.state <> 'nurturing'",
    ),
)

TOTALS = (
    RATES_TOTAL,
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
