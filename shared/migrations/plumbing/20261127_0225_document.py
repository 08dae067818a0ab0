"""Keep documents as they went out."""

import sqlalchemy as sa
from alembic import op

revision = "9c41e07ab2d6"
down_revision = "a93e5c07d1f4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="of the record, such as quote"),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.LargeBinary(), nullable=False, comment="SHA-256 of what the record said"),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False, comment="of the body"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the PDF as it went out; never made again"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("kind", "record_id", "edition", "language", name=op.f("uq_document_kind_record_id_edition_language")),
        comment="documents as they went out: a later template changes none of them",
    )


def downgrade() -> None:
    op.drop_table("document")
