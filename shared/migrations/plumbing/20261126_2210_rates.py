"""Keep exchange rates by day."""

import sqlalchemy as sa
from alembic import op

revision = "e5d0c3a91b74"
down_revision = "5c1e0d9a7b42"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "rate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False, comment="the reporting currency when it was set"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "rate",
            sa.Numeric(precision=18, scale=8),
            nullable=True,
            comment="units of base for one unit of currency; null for one that was taken back",
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("updated_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate")),
        sa.UniqueConstraint("base", "currency", "day", name=op.f("uq_rate_base_currency_day")),
        comment="exchange rates by day, as lead-svc told them: kept where amounts are converted",
    )
    op.create_index(op.f("ix_rate_day_id"), "rate", ["day", "id"])


def downgrade() -> None:
    op.drop_table("rate")
