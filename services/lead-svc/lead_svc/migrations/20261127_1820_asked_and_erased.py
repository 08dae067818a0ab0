"""A consent says whether it was only ticked in a form, and a submission since when what it said is erased."""

import sqlalchemy as sa
from alembic import op

revision = "c20f6d8a3b91"
down_revision = "7d41c09be528"
branch_labels = None
depends_on = None


def upgrade() -> None:
    asked = "ticked in a form: nobody has shown that it was the person themselves"
    op.add_column("consent", sa.Column("asked", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment=asked))
    erased = "since when what they wrote is no more; that they sent it stays"
    op.add_column("form_submission", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True, comment=erased))
    where = sa.text("erased_at IS NULL AND state <> 'received'")
    op.create_index("ix_form_submission_kept", "form_submission", ["received_at"], postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_form_submission_kept", "form_submission")
    op.drop_column("form_submission", "erased_at")
    op.drop_column("consent", "asked")
