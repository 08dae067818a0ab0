"""Take the entry of a lost deal into its last stage off when the deal is reopened."""

import sqlalchemy as sa
from alembic import op

revision = "2f8c07b5d9e4"
down_revision = "b1d6e94f2c70"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("visit_fact", sa.Column("reopened_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True))


def downgrade() -> None:
    op.drop_column("visit_fact", "reopened_at")
