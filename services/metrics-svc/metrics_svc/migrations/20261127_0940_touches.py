"""Count touches: what brought leads to us."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "d2f86a31c7b5"
down_revision = "a94e6b1d30c8"
branch_labels = None
depends_on = None

_TEXTS = ("source", "product", "region", "campaign", "deal_kind", "medium")


def upgrade() -> None:
    # The reader of this lane starts at the beginning of the log.
    op.create_table(
        "touched_lead",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("touches", JSONB(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touched_lead")),
    )
    op.create_table(
        "touch_fact",
        *[sa.Column(name, sa.Uuid(), autoincrement=False, nullable=True) for name in ("owner_id", "team_id")],
        *[sa.Column(name, sa.Text(), autoincrement=False, nullable=True) for name in _TEXTS],
        sa.Column("lead_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("lead_id", "n", name=op.f("pk_touch_fact")),
    )
    op.create_index("ix_touch_fact_n_at", "touch_fact", ["n", "at"])
    op.create_index("ix_touch_fact_owner_id", "touch_fact", ["owner_id"])


def downgrade() -> None:
    op.drop_table("touch_fact")
    op.drop_table("touched_lead")
