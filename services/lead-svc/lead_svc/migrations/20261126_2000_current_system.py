"""What a lead uses today."""

import sqlalchemy as sa
from alembic import op

revision = "5d0f3c1ab9e4"
down_revision = "71f3be58d0a2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lead", sa.Column("current_system", sa.Text()))
