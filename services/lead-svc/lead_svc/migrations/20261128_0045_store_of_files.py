"""Bytes of attachments may be in a store of files: where, and what is to be deleted from there."""

import sqlalchemy as sa
from alembic import op

revision = "b4e9027d51ac"
down_revision = "81d6f0a94c37"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "lead_attachment",
        sa.Column("object", sa.Text(), nullable=True, comment="bucket/key in the store of files; without one the bytes are in the pieces"),
    )
    op.create_table(
        "lead_attachment_loose",
        sa.Column("attachment_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("object", sa.Text(), nullable=False, comment="bucket/key"),
        sa.Column("upload", sa.Text(), nullable=True, comment="the store's id of an upload in parts"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, comment="by the machine's clock: when the object is deleted"),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_lead_attachment_loose")),
        comment="objects that no attachment has, yet or any more: written before the object, gone with the attachment's commit",
    )
    op.create_index("ix_lead_attachment_loose_due", "lead_attachment_loose", ["due_at"])


def downgrade() -> None:
    op.drop_table("lead_attachment_loose")
    op.drop_column("lead_attachment", "object")
