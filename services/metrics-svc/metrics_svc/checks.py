"""What `clinch verify` asks of metrics-svc's own data, besides the projection."""

from itertools import pairwise

from metrics_svc.counting.stages import REACHED
from metrics_svc.facts.deal import UNKNOWN_STAGE
from metrics_svc.feed import checks as feed
from metrics_svc.following import checks as following
from metrics_svc.notifications.courier import WANTED
from metrics_svc.notifications.rules import MOVES as NOTIFICATION_MOVES
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
    *following.checks("webhook", "an endpoint"),
    *legal_histories(NOTIFICATION_MOVES, table="notification_channel", column="state"),
    *following.checks("notification_channel", "a channel", wanted=WANTED),
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
