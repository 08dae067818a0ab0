"""Keep with a contract the campaign and the medium of its lead's first touch, and the kind of its deal."""

import sqlalchemy as sa
from alembic import op

revision = "b94f06a2d871"
down_revision = "ffe78d310b18"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contract", sa.Column("campaign", sa.Text(), autoincrement=False, nullable=True, comment="of the lead's first touch, as is the medium"))
    op.add_column("contract", sa.Column("deal_kind", sa.Text(), autoincrement=False, nullable=True, comment="that of its deal: new, upsell, cross_sell or renewal"))
    op.add_column("contract", sa.Column("medium", sa.Text(), autoincrement=False, nullable=True))


def downgrade() -> None:
    op.drop_column("contract", "medium")
    op.drop_column("contract", "deal_kind")
    op.drop_column("contract", "campaign")
