"""Keep positions, rates and stays within their limits."""

from shared.migrations.constraints import add_check

revision = "248542c29ef4"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_check("feed", "places", "position > 0 AND version > 0")
    add_check("feed_head", "bounds", "oldest >= 0 AND oldest <= latest")
    add_check(
        "webhook_cursor", "places", "matched_from >= 0 AND matched_from <= position AND forgotten_to >= 0 AND forgotten_to <= position"
    )
    add_check("webhook_delivery", "places", "position > 0 AND sequence > 0")
    add_check("webhook_delivery", "tries", "tries >= 0")
    add_check("day_rate", "rate", "rate > 0")
    add_check("deal_rate", "rate", "rate > 0")
    add_check("visit_fact", "stay", "stay_us >= 0 AND left_at >= entered_at")
    add_check("visit_fact", "passing", "passed_at >= entered_at")
    add_check("allocation_fact", "settling", "settles_at >= due_at AND taken_back_at >= settles_at")
