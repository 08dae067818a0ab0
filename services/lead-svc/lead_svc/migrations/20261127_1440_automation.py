"""Keep what rules of automation did with leads."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "91e3b7d05fa2"
down_revision = "70b2ce94d1f6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lead_automation",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False, comment="its name"),
        sa.Column("trigger", sa.Text(), nullable=False, comment="what set it off"),
        sa.Column("depth", sa.Integer(), nullable=False, comment="its place in the chain, 1 where no rule set it off"),
        sa.Column("done", JSONB(), nullable=False, comment="action -> done, or why it was left out"),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_automation")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_automation_lead_id_lead")),
        comment="append-only: what rules did",
    )
    op.create_index("ix_lead_automation_lead", "lead_automation", ["lead_id", "rule", "at"])


def downgrade() -> None:
    op.drop_table("lead_automation")
