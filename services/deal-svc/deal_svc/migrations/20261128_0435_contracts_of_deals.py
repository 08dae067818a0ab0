"""Keep in which state the contracts of deals are: what is told of them is read from the beginning."""

import sqlalchemy as sa
from alembic import op

revision = "c27d90e5b118"
down_revision = "7a1c5d03f9e6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deal_contract",
        sa.Column("contract_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("told_version", sa.BigInteger(), autoincrement=False, nullable=False, comment="of the contract's event that told the state"),
        sa.Column("deal_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("quote_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_deal_contract")),
        comment="contracts of deals and their states, as contract-svc told: deals show them, and who approves one sees its deal meanwhile",
    )
    op.create_index(op.f("ix_deal_contract_deal_id"), "deal_contract", ["deal_id"])
    op.create_index(op.f("ix_deal_contract_quote_id"), "deal_contract", ["quote_id"])


def downgrade() -> None:
    op.drop_table("deal_contract")
