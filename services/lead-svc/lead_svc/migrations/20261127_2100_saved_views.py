"""How people look at lists is kept under names."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "5be08a417c2d"
down_revision = "c20f6d8a3b91"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("filters", JSONB(), autoincrement=False, nullable=False),
        sa.Column("sort", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("columns", JSONB(), autoincrement=False, nullable=False),
        sa.Column("team_id", sa.Uuid(), autoincrement=False, nullable=True, comment="shared with this team; empty: with nobody"),
        sa.Column("personal", sa.Boolean(), autoincrement=False, nullable=False, comment="looks at what some roles see masked"),
        sa.Column("created_at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_saved_view_team_id_team")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("owner_id", "kind", "name", name=op.f("uq_saved_view_owner_id_kind_name")),
    )
    op.create_index("ix_saved_view_team", "saved_view", ["team_id"])


def downgrade() -> None:
    op.drop_table("saved_view")
