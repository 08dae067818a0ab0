"""Hold old rows to the constraints that were added, where all of them keep them."""

from shared.migrations.constraints import validate

revision = "2c20cea0dce4"
down_revision = "74642a2a2a27"
branch_labels = None
depends_on = None


def upgrade() -> None:
    validate("deal", "quote", "spin_entry", "committee_member", "proposal", "deal_lead", "product", "price")
