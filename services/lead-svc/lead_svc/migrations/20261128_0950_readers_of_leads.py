"""Have who owns a deal read the leads that became it, also of deals that there are."""

from alembic import op

revision = "b7d1e0932c6f"
down_revision = "5c08e7f2a914"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # One timer for all of them. As old as the deal, so that it is due whatever the clock of the company says.
    op.execute(
        "INSERT INTO timer (id, kind, subject, due_at) "
        "SELECT uuidv7(), 'lead.readers', id, created_at FROM lead WHERE deal_id IS NOT NULL ORDER BY created_at LIMIT 1"
    )


def downgrade() -> None:
    op.execute("DELETE FROM timer WHERE kind = 'lead.readers' AND fired_at IS NULL")
    op.execute("DELETE FROM membership WHERE part = 'deal'")
