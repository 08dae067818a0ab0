"""Keep which deals and contracts accounts have: who sees one sees its account."""

import sqlalchemy as sa
from alembic import op

revision = "5d0e9b7c31f4"
down_revision = "71f3be58d0a2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dealing",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="deal or contract"),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("heard", sa.BigInteger(), nullable=False, comment="the version of the last event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dealing")),
        comment="deals and contracts of accounts: who sees one sees its account",
    )
    op.create_index("ix_dealing_account", "dealing", ["account_id"])
    op.create_index("ix_dealing_owner", "dealing", ["owner_id"])
    op.create_index("ix_dealing_deal", "dealing", ["deal_id"])
