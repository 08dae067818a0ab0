"""Keep with a deal the campaign and the medium of its lead's first touch."""

import sqlalchemy as sa
from alembic import op

revision = "7d20e4b1c95a"
down_revision = "c83d5b17f0e9"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deal", sa.Column("campaign", sa.Text(), autoincrement=False, nullable=True, comment="of the lead's first touch, as is the medium"))
    op.add_column("deal", sa.Column("medium", sa.Text(), autoincrement=False, nullable=True))


def downgrade() -> None:
    op.drop_column("deal", "medium")
    op.drop_column("deal", "campaign")
