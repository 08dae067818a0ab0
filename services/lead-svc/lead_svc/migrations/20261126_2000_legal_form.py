"""The legal form of a company."""

import sqlalchemy as sa
from alembic import op

revision = "8e21b6d47c03"
down_revision = "71f3be58d0a2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("legal_form", sa.Text()))
