"""What `clinch verify` asks of metrics-svc's own data, besides the projection."""

from itertools import pairwise

from metrics_svc.counting.stages import REACHED
from metrics_svc.facts.deal import UNKNOWN_STAGE
from metrics_svc.feed import checks as feed
from metrics_svc.webhooks.cursor import MATCHES
from metrics_svc.webhooks.rules import MOVES
from shared.verify import ACCOUNTS_TOTAL, Check, Total, legal_histories

_STEPS = ("f2_at", "f3_at", "f4_at", *REACHED.values())
_STEPS_MISSED = "SELECT id FROM lead_fact WHERE " + " OR ".join(
    f"{later} < {step} OR ({later} IS NOT NULL AND {step} IS NULL)" for step, later in pairwise(_STEPS)
)

CHECKS = (
    *feed.CHECKS,
    *legal_histories(MOVES, table="webhook", column="state"),
    Check(
        7,
        "no lead is at a step of the funnel without being at the one before",
        _STEPS_MISSED,
    ),
    Check(
        8,
        "every deal is in a stage that this release knows; else upgrade metrics-svc",
        f"SELECT id FROM deal_fact WHERE flags ? '{UNKNOWN_STAGE}'",
    ),
    Check(
        7,
        "each event that an endpoint has come to and wants has its delivery, or had it and was cleaned away",
        f"""
        SELECT w.id || ' ' || f.position FROM webhook w JOIN webhook_cursor c ON c.webhook_id = w.id
        JOIN feed f ON f.position > greatest(c.matched_from, c.forgotten_to) AND f.position <= c.position
        LEFT JOIN webhook_delivery d ON d.webhook_id = w.id AND d.position = f.position
        WHERE w.state <> 'removed' AND d.id IS NULL AND {MATCHES}
        """,
    ),
    Check(
        7,
        "nothing is delivered that an endpoint has not come to",
        "SELECT d.id FROM webhook_delivery d JOIN webhook_cursor c ON c.webhook_id = d.webhook_id WHERE d.position > c.position",
    ),
)

TOTALS = (
    ACCOUNTS_TOTAL,
    Total(
        8,
        "leads captured, by source",
        "SELECT coalesce(source, ''), count(*) FROM lead_fact WHERE captured_at IS NOT NULL GROUP BY 1 ORDER BY 1",
    ),
    Total(
        8,
        "touches, by campaign",
        "SELECT coalesce(campaign, ''), count(*), count(DISTINCT lead_id) FROM touch_fact GROUP BY 1 ORDER BY 1",
    ),
    Total(
        8,
        "money spent, by campaign",
        "SELECT campaign, count(DISTINCT spend_id), trim_scale(sum(amount))::text FROM spend_fact GROUP BY 1 ORDER BY 1",
    ),
    Total(
        8,
        "when each lead was captured",
        "SELECT captured_at::date, count(*), sum(extract(epoch FROM captured_at))::text FROM lead_fact WHERE captured_at IS NOT NULL "
        "GROUP BY 1 ORDER BY 1",
    ),
    Total(
        8,
        "deals by stage: count and amount",
        "SELECT stage, count(*), sum(trim_scale(amount))::text FROM deal_fact WHERE stage IS NOT NULL GROUP BY stage ORDER BY stage",
    ),
    Total(
        7,
        "leads of which a deal is won",
        "SELECT coalesce(sum(CASE kind WHEN 'won' THEN 1 WHEN 'reversed' THEN -1 ELSE 0 END), 0)::bigint FROM lead_goal_fact",
    ),
    Total(
        7,
        "open deals that came from a lead, by stage",
        "SELECT stage, count(*), count(DISTINCT lead_id) FROM deal_fact WHERE line = 'lead' AND is_open GROUP BY stage ORDER BY stage",
    ),
    Total(
        8,
        "payments kept: count and amount",
        "SELECT count(*), coalesce(sum(trim_scale(amount)), 0)::text FROM payment_fact "
        "WHERE received_at IS NOT NULL AND reversed_at IS NULL",
    ),
)
