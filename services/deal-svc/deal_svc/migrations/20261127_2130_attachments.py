"""Deals have attachments."""

import sqlalchemy as sa
from alembic import op

revision = "2f7c90be41d8"
down_revision = "c94b1e70d6a8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deal_attachment",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="may name people"),
        sa.Column("note", sa.Text(), nullable=True, comment="may name people"),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_deal_attachment_deal_id_deal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_attachment")),
    )
    op.create_index("ix_deal_attachment_of", "deal_attachment", ["deal_id", "id"])
    op.create_table(
        "deal_attachment_piece",
        sa.Column("attachment_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("attachment_id", "n", name=op.f("pk_deal_attachment_piece")),
        comment="written before its attachment is: what no attachment has is swept away after a day",
    )
    op.create_index("ix_deal_attachment_piece_kept", "deal_attachment_piece", ["kept_at"], postgresql_where=sa.text("n = 0"))


def downgrade() -> None:
    op.drop_table("deal_attachment_piece")
    op.drop_table("deal_attachment")
