"""Have the tiers of accounts told: their events did not say them before there were directories of parties."""

from alembic import op

revision = "f16c9ad2470b"
down_revision = "e5a1c07b93d8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # One timer for all of them. As old as the account, so that it is due whatever the clock of the company says.
    op.execute(
        "INSERT INTO timer (id, kind, subject, due_at) "
        "SELECT uuidv7(), 'account.tiers', id, created_at FROM account WHERE tier IS NOT NULL ORDER BY created_at LIMIT 1"
    )


def downgrade() -> None:
    op.execute("DELETE FROM timer WHERE kind = 'account.tiers' AND fired_at IS NULL")
