"""Contracts have attachments."""

import sqlalchemy as sa
from alembic import op

revision = "e61b3d8f0a25"
down_revision = "0b92d4f7c6e1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contract_attachment",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="may name people"),
        sa.Column("note", sa.Text(), nullable=True, comment="may name people"),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_contract_attachment_contract_id_contract")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_attachment")),
    )
    op.create_index("ix_contract_attachment_of", "contract_attachment", ["contract_id", "id"])
    op.create_table(
        "contract_attachment_piece",
        sa.Column("attachment_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("attachment_id", "n", name=op.f("pk_contract_attachment_piece")),
        comment="written before its attachment is: what no attachment has is swept away after a day",
    )
    op.create_index("ix_contract_attachment_piece_kept", "contract_attachment_piece", ["kept_at"], postgresql_where=sa.text("n = 0"))


def downgrade() -> None:
    op.drop_table("contract_attachment_piece")
    op.drop_table("contract_attachment")
