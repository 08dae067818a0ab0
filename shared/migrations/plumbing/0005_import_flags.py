"""Keep the flags of an import, and what its key stands for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "import_flags"
down_revision = "outbox_letters"
branch_labels = None
depends_on = None

STATES = "uploading, queued, reading, running, done, cancelled, refused, failed"
MORE_STATES = "uploading, checking, queued, reading, running, done, cancelled, refused, failed"


def upgrade() -> None:
    op.add_column(
        "import_job",
        sa.Column(
            "flags",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="flag -> how many rows have it",
        ),
    )
    op.add_column(
        "import_job", sa.Column("digest", sa.Text(), nullable=True, comment="of options and file: what its Idempotency-Key stands for")
    )
    op.alter_column("import_job", "state", existing_type=sa.Text(), existing_nullable=False, comment=MORE_STATES, existing_comment=STATES)


def downgrade() -> None:
    op.alter_column("import_job", "state", existing_type=sa.Text(), existing_nullable=False, comment=STATES, existing_comment=MORE_STATES)
    op.drop_column("import_job", "digest")
    op.drop_column("import_job", "flags")
