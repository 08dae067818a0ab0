"""Keep with a quote which version of the policy it was made and sent by, and how many days that gave it."""

import sqlalchemy as sa
from alembic import op

revision = "c83d5b17f0e9"
down_revision = "5e1f0c8a9d34"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "quote",
        sa.Column(
            "valid_days",
            sa.Integer(),
            autoincrement=False,
            nullable=True,
            comment="the validity that the policy gave it; null where somebody named the day",
        ),
    )
    op.add_column(
        "quote",
        sa.Column(
            "policy_version",
            sa.Integer(),
            autoincrement=False,
            nullable=True,
            comment="of the policy that it was made by, and sent by since",
        ),
    )


def downgrade() -> None:
    op.drop_column("quote", "policy_version")
    op.drop_column("quote", "valid_days")
