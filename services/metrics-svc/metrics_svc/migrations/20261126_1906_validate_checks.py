"""Hold old rows to the limits that were added, where all of them keep them."""

from shared.migrations.constraints import validate

revision = "9891dcc95a12"
down_revision = "248542c29ef4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    validate("feed", "feed_head", "webhook_cursor", "webhook_delivery", "day_rate", "deal_rate", "visit_fact", "allocation_fact")
