"""Count merged leads once, and what belongs to them together."""

import sqlalchemy as sa
from alembic import op

revision = "e8b5147ca290"
down_revision = "e3b7a05c92f8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lead_fact", sa.Column("was_captured_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True))
    for name in ("touched_lead", "worked_lead"):
        op.add_column(name, sa.Column("merged_into", sa.Uuid(), autoincrement=False, nullable=True))
        some = sa.text("merged_into IS NOT NULL")
        op.create_index(f"ix_{name}_merged_into", name, ["merged_into"], postgresql_where=some)


def downgrade() -> None:
    for name in ("touched_lead", "worked_lead"):
        op.drop_column(name, "merged_into")
    op.drop_column("lead_fact", "was_captured_at")
