"""Keep what the first pass over an imported file found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "import_found"
down_revision = "company"
branch_labels = None
depends_on = None

STATES = "uploading, queued, running, done, cancelled, failed"
MORE_STATES = "uploading, queued, reading, running, done, cancelled, refused, failed"


def upgrade() -> None:
    """A job that is on its way has its first pass when a worker takes it up again."""
    op.add_column(
        "import_job",
        sa.Column(
            "found",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="by the first pass: how the file is read and why, or why it cannot be",
        ),
    )
    op.alter_column("import_job", "state", existing_type=sa.Text(), existing_nullable=False, comment=MORE_STATES, existing_comment=STATES)
    op.drop_index("ix_import_job_open", table_name="import_job")
    op.create_index(
        "ix_import_job_open",
        "import_job",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'reading', 'running')"),
    )


def downgrade() -> None:
    op.execute("UPDATE import_job SET state = 'queued' WHERE state = 'reading'")
    op.execute("UPDATE import_job SET state = 'failed' WHERE state = 'refused'")
    op.drop_index("ix_import_job_open", table_name="import_job")
    op.create_index(
        "ix_import_job_open", "import_job", ["created_at"], unique=False, postgresql_where=sa.text("state IN ('queued', 'running')")
    )
    op.alter_column("import_job", "state", existing_type=sa.Text(), existing_nullable=False, comment=STATES, existing_comment=MORE_STATES)
    op.drop_column("import_job", "found")
