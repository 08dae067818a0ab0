"""Hold old rows to the constraints that were added, where all of them keep them."""

from shared.migrations.constraints import validate

revision = "e83d19f6b7c4"
down_revision = "5b0e7c41a9d2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    validate("contract", "milestone", "payment", "allocation")
