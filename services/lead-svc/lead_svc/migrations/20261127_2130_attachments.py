"""Leads have attachments."""

import sqlalchemy as sa
from alembic import op

revision = "81d6f0a94c37"
down_revision = "e3b71f5a09c4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lead_attachment",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="may name people"),
        sa.Column("note", sa.Text(), nullable=True, comment="may name people"),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_attachment_lead_id_lead")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_attachment")),
    )
    op.create_index("ix_lead_attachment_of", "lead_attachment", ["lead_id", "id"])
    op.create_table(
        "lead_attachment_piece",
        sa.Column("attachment_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("attachment_id", "n", name=op.f("pk_lead_attachment_piece")),
        comment="written before its attachment is: what no attachment has is swept away after a day",
    )
    op.create_index("ix_lead_attachment_piece_kept", "lead_attachment_piece", ["kept_at"], postgresql_where=sa.text("n = 0"))


def downgrade() -> None:
    op.drop_table("lead_attachment_piece")
    op.drop_table("lead_attachment")
