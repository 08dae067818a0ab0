"""Keep who claimed, got and lost leads. What was before is not known."""

import sqlalchemy as sa
from alembic import op

revision = "c58e03d7f2a9"
down_revision = "9d4f17b2e0c6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lead_holding",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_holding")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_holding_lead_id_lead")),
        comment="who claimed, got and lost leads; append-only",
    )
    op.create_index("ix_lead_holding_lead", "lead_holding", ["lead_id", "at"])
    op.create_index("ix_lead_holding_claims", "lead_holding", ["person_id", "at"], postgresql_where=sa.text("change = 'claimed'"))


def downgrade() -> None:
    op.drop_table("lead_holding")
