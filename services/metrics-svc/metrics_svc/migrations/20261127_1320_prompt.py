"""Count first responses and follow-ups: of each lead what they told, and whether each was done by the time for which it was due."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "e3b7a05c92f8"
down_revision = "d2f86a31c7b5"
branch_labels = None
depends_on = None

_TEXTS = ("source", "product", "region", "campaign", "deal_kind", "medium")


def upgrade() -> None:
    # The reader of this lane starts at the beginning of the log.
    op.create_table(
        "prompted_lead",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("told", JSONB(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompted_lead")),
    )
    op.create_table(
        "prompt_fact",
        *[sa.Column(name, sa.Uuid(), autoincrement=False, nullable=True) for name in ("owner_id", "team_id")],
        *[sa.Column(name, sa.Text(), autoincrement=False, nullable=True) for name in _TEXTS],
        sa.Column("lead_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("grade", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("in_time", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True),
        sa.Column("work_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("work_bucket", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("lead_id", "n", name=op.f("pk_prompt_fact")),
    )
    op.create_index("ix_prompt_fact_kind_at", "prompt_fact", ["kind", "at"])
    op.create_index("ix_prompt_fact_owner_id", "prompt_fact", ["owner_id"])


def downgrade() -> None:
    op.drop_table("prompt_fact")
    op.drop_table("prompted_lead")
