"""Keep what has moved because accounts and contacts were merged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "7b41e90c5da2"
down_revision = "c3f60a82d91b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "party_merge",
        sa.Column("id", sa.Uuid(), nullable=False, comment="of the merge in lead-svc"),
        sa.Column("party", sa.Text(), nullable=False, comment="account or contact"),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("absorbed_id", sa.Uuid(), nullable=False),
        sa.Column("moved", JSONB(), nullable=False, comment="part -> records that name the survivor by this merge"),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_merge")),
        comment="accounts and contacts that were merged, and what has moved here by that, so that it can be undone",
    )
    op.create_index("ix_party_merge_absorbed_id", "party_merge", ["absorbed_id"], postgresql_where=sa.text("NOT undone"))


def downgrade() -> None:
    op.drop_table("party_merge")
