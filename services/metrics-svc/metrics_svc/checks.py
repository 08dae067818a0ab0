"""What `clinch verify` asks of metrics-svc's own data, besides the projection (quality.md §1, 7)."""

from metrics_svc.feed import checks as feed
from metrics_svc.webhooks.turns import MATCHES
from shared.verify import Check

CHECKS = (
    *feed.CHECKS,
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
