"""Keep why an open lead with an owner has no follow-up. Those that have none so far are history: nobody has asked for one."""

import sqlalchemy as sa
from alembic import op

revision = "9d4f17b2e0c6"
down_revision = "d2a6f70c4b18"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lead_stop",
        sa.Column("lead_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("lead_id", name=op.f("pk_lead_stop")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_stop_lead_id_lead")),
        comment="why an open lead with an owner has no follow-up, where neither its state nor its import says so",
    )
    op.execute(
        "INSERT INTO lead_stop (lead_id, reason, at) SELECT id, 'history', updated_at FROM lead "
        "WHERE owner_id IS NOT NULL AND state IN ('captured', 'mql', 'sql') AND NOT imported "
        "AND NOT EXISTS (SELECT FROM task WHERE record_id = lead.id AND kind = 'follow_up' AND state = 'open')"
    )


def downgrade() -> None:
    op.drop_table("lead_stop")
