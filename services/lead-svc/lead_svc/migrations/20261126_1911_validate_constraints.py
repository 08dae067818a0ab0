"""Hold old rows to the constraints that were added, where all of them keep them."""

from shared.migrations.constraints import validate

revision = "71f3be58d0a2"
down_revision = "c4a7d20b91e6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    validate("team", "person", "contact", "interaction", "lead")
