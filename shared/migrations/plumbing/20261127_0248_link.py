"""Keep the links by which customers read documents."""

import sqlalchemy as sa
from alembic import op

revision = "d17f3b6a90c5"
down_revision = "7d41b90ce2a6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="of the record, such as quote"),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False, comment="what it leads to"),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the secret, which is kept nowhere"),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("hash", name=op.f("uq_link_hash")),
        comment="addresses for customers, who have no token",
    )
    op.create_index(op.f("ix_link_kind_record_id"), "link", ["kind", "record_id"])


def downgrade() -> None:
    op.drop_table("link")
