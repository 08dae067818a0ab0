"""Contracts have flags: what was told of them long after it happened is marked."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b7f20c6e91d4"
down_revision = "a41be07c93d5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "contract",
        sa.Column(
            "flags",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            autoincrement=False,
            nullable=False,
            comment="flag -> true: odd but true",
        ),
    )


def downgrade() -> None:
    op.drop_column("contract", "flags")
