"""What customers do by links is kept as evidence, and a quote knows when it was first looked at."""

import sqlalchemy as sa
from alembic import op

revision = "e05b7c1a94d2"
down_revision = "d9a4c1e7725f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "quote",
        sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=True, comment="when the customer first looked at it by a link"),
    )
    op.create_table(
        "quote_evidence",
        sa.Column("id", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("quote_id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("did", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=True, comment="personal: as the customer wrote it; of a view nobody's"),
        sa.Column("reason", sa.Text(), nullable=True, comment="personal: why they said no"),
        sa.Column("address", sa.Text(), nullable=False, comment="personal: as the farthest of our own proxies saw it"),
        sa.Column("agent", sa.Text(), nullable=False, comment="what their browser says it is"),
        sa.Column("document_hash", sa.Text(), nullable=False, comment="SHA-256 of the document that the link leads to"),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_quote_evidence_quote_id_quote")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_evidence")),
    )
    op.create_index("ix_quote_evidence_quote_id_at", "quote_evidence", ["quote_id", "at"])
    op.create_index("uq_quote_evidence_viewed", "quote_evidence", ["link_id"], unique=True, postgresql_where=sa.text("did = 'viewed'"))


def downgrade() -> None:
    op.drop_table("quote_evidence")
    op.drop_column("quote", "viewed_at")
