"""Keep with a contract the industry of its deal's lead."""

import sqlalchemy as sa
from alembic import op

revision = "8fb26e04d17c"
down_revision = "0b92d4f7c6e1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contract", sa.Column("industry", sa.Text(), autoincrement=False, nullable=True, comment="of the lead"))


def downgrade() -> None:
    op.drop_column("contract", "industry")
