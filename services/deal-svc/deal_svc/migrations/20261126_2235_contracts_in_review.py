"""Keep which contracts are up for approval, so that those who approve see their deals meanwhile."""

import sqlalchemy as sa
from alembic import op

revision = "5e1f0c8a9d34"
down_revision = "3f7a90c1d62e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contract_review",
        sa.Column("contract_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("deal_id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_contract_review")),
        comment="contracts up for approval: their deals are seen by those who approve",
    )
    op.create_index(op.f("ix_contract_review_deal_id"), "contract_review", ["deal_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_contract_review_deal_id"), table_name="contract_review")
    op.drop_table("contract_review")
