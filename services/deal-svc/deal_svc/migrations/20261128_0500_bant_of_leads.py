"""Deals have the BANT of their primary lead."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "16c8f4a07d39"
down_revision = "f3b9617d0ae2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "deal",
        sa.Column(
            "lead_bant",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            autoincrement=False,
            nullable=False,
            comment="of the primary lead at its conversion: dimension -> status",
        ),
    )


def downgrade() -> None:
    op.drop_column("deal", "lead_bant")
