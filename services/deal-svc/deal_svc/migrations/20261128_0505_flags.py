"""Quotes have flags: what was told of them long after it happened is marked."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "83d1e6b5f027"
down_revision = "16c8f4a07d39"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "quote",
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
    op.drop_column("quote", "flags")
