"""Who owns a deal sees the leads that became it: those that belong to somebody else by now, too."""

from alembic import op

revision = "e90d52c84b17"
down_revision = "5c08e7f2a914"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "INSERT INTO membership (record_id, person_id, part) SELECT lead.id, dealing.owner_id, 'deal' "
        "FROM lead JOIN dealing ON dealing.id = lead.deal_id WHERE dealing.owner_id IS NOT NULL ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    op.execute("DELETE FROM membership WHERE part = 'deal'")
