"""Keep how many requests each principal has left."""

import sqlalchemy as sa
from alembic import op

revision = "e40b6a19d7c3"
down_revision = "e5d0c3a91b74"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_limit",
        sa.Column("principal", sa.Uuid(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False, comment="requests that are left, at that moment"),
        sa.Column("taken", sa.Integer(), nullable=False, comment="by the process that asked last"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("principal", name=op.f("pk_rate_limit")),
        prefixes=["UNLOGGED"],
        comment="how many requests a principal has left; lost when Postgres crashes, and then all are full again",
    )


def downgrade() -> None:
    op.drop_table("rate_limit")
