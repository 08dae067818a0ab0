"""Quotes are submitted and approved before they are sent."""

import sqlalchemy as sa
from alembic import op

revision = "4b8e0d6a91c7"
down_revision = "b41d7c2a90e5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("quote", sa.Column("tier", sa.Text(), comment="whose authority it needs, as it was submitted"))
    op.add_column("quote", sa.Column("content_hash", sa.Text(), comment="SHA-256 of the content that was submitted"))
    op.add_column("quote", sa.Column("submitted_at", sa.DateTime(timezone=True)))
    op.add_column("quote", sa.Column("approved_at", sa.DateTime(timezone=True)))
    op.add_column("quote", sa.Column("kept_from", sa.Uuid(), comment="the earlier version whose approval covers it"))


def downgrade() -> None:
    for column in ("kept_from", "approved_at", "submitted_at", "content_hash", "tier"):
        op.drop_column("quote", column)
