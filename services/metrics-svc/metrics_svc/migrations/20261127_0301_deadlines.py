"""Count deadlines: of each record what its deadlines told, and how they ended."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "e41b7a90c36d"
down_revision = "7d40c2b96e15"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The lane's reader starts at the beginning of the log.
    op.create_table(
        "timed_record",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("record", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("deal_id", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("told", JSONB(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timed_record")),
    )
    op.create_table(
        "deadline_fact",
        sa.Column("owner_id", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("team_id", sa.Uuid(), autoincrement=False, nullable=True),
        *[sa.Column(name, sa.Text(), autoincrement=False, nullable=True) for name in _TEXTS],
        sa.Column("record_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("deal_id", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("in_time", sa.Boolean(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("record_id", "n", name=op.f("pk_deadline_fact")),
    )
    op.create_index("ix_deadline_fact_in_time_at", "deadline_fact", ["in_time", "at"])
    op.create_index("ix_deadline_fact_owner_id", "deadline_fact", ["owner_id"])


_TEXTS = ("source", "product", "region", "campaign", "deal_kind", "medium")


def downgrade() -> None:
    op.drop_table("deadline_fact")
    op.drop_table("timed_record")
