"""Leads, accounts and contacts are merged, and what was before is kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "a3d9e6027bf1"
down_revision = "e6a1c9f3507d"
branch_labels = None
depends_on = "7b41e90c5da2"

_KINDS = ("lead", "account", "contact")


def upgrade() -> None:
    for name in _KINDS:
        op.add_column(name, sa.Column("merged_into", sa.Uuid(), autoincrement=False, nullable=True))
    op.create_table(
        "merge",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("survivor_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("absorbed_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("from_state", sa.Text(), autoincrement=False, nullable=True, comment="the state of the absorbed one before"),
        sa.Column("values", JSONB(), autoincrement=False, nullable=False, comment="field of the survivor -> before, after; may be personal"),
        sa.Column("moved", JSONB(), autoincrement=False, nullable=False, comment="table -> rows that now hang on the survivor"),
        sa.Column("plans", JSONB(), autoincrement=False, nullable=False, comment="what was to be done about the absorbed one, and until when"),
        sa.Column("reason", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("by", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True),
        sa.Column("undone_by", sa.Uuid(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge")),
        comment="which record was taken into which other one, and all that is needed to undo it",
    )
    op.create_index("uq_merge_absorbed", "merge", ["absorbed_id"], unique=True, postgresql_where=sa.text("undone_at IS NULL"))
    op.create_index("ix_merge_absorbed_id", "merge", ["absorbed_id", "id"])
    op.create_index("ix_merge_survivor_id", "merge", ["survivor_id", "id"])


def downgrade() -> None:
    op.drop_table("merge")
    for name in _KINDS:
        op.drop_column(name, "merged_into")
