"""Keep with a deal the industry of its lead."""

import sqlalchemy as sa
from alembic import op

revision = "31c07ad95e42"
down_revision = "a70d3e91c5f2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deal", sa.Column("industry", sa.Text(), autoincrement=False, nullable=True, comment="of the lead"))


def downgrade() -> None:
    op.drop_column("deal", "industry")
