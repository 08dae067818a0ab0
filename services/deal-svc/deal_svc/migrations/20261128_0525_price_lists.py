"""Price lists, and the channel of sales that a quote is priced for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d9a4c1e7725f"
down_revision = "c5e08f6b3d17"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "price_list",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("customer_level", sa.Text(), nullable=True, comment="the tier of the account; null for all"),
        sa.Column("channel", sa.Text(), nullable=True, comment="of sales; null for all"),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("entries", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_price_list_days")),
        sa.CheckConstraint("revision > 0", name=op.f("ck_price_list_revision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list")),
        sa.UniqueConstraint("name", "revision", name=op.f("uq_price_list_name_revision")),
    )
    op.create_index(op.f("ix_price_list_state_currency"), "price_list", ["state", "currency"])
    op.create_index(op.f("ix_price_list_created_at_id"), "price_list", ["created_at", "id"])
    op.add_column("quote", sa.Column("channel", sa.Text(), nullable=True, comment="of sales, which price lists go by"))


def downgrade() -> None:
    op.drop_column("quote", "channel")
    op.drop_table("price_list")
