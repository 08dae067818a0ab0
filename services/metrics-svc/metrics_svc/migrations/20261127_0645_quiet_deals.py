"""Keep how long open deals were not touched, so that stalled deals can be counted and listed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "5883d213ebb1"
down_revision = "6be1d07c94fa"
branch_labels = None
depends_on = None

_TEXTS = ("source", "product", "region", "campaign", "deal_kind", "medium")


def upgrade() -> None:
    # The worker projects this lane again from the log when it starts, and fills both.
    op.add_column("worked_deal", sa.Column("touches", JSONB(), nullable=False, server_default="[]"))
    op.alter_column("worked_deal", "touches", server_default=None)
    op.create_table(
        "quiet_fact",
        *[sa.Column(name, sa.Uuid(), autoincrement=False, nullable=True) for name in ("owner_id", "team_id")],
        *[sa.Column(name, sa.Text(), autoincrement=False, nullable=True) for name in _TEXTS],
        sa.Column("deal_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("deal_id", "n", name=op.f("pk_quiet_fact")),
    )
    op.create_index("ix_quiet_fact_ended_at_since", "quiet_fact", ["ended_at", "since"])
    op.create_index("ix_quiet_fact_owner_id", "quiet_fact", ["owner_id"])
    # The column last_activity_at of deal_fact stays for a release: processes of the release before read and write it until they end.


def downgrade() -> None:
    op.drop_table("quiet_fact")
    op.drop_column("worked_deal", "touches")
