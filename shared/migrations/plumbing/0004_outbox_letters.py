"""Keep events that cannot get into the log apart from the outbox, and note a relay that makes no progress."""

import sqlalchemy as sa
from alembic import op

revision = "outbox_letters"
down_revision = "import_found"
branch_labels = None
depends_on = None

_OPEN = sa.text("settled_at IS NULL")
_REDRIVE = sa.text("redrive_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "outbox_letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="how often publishing failed; 0 for one that waits behind another"),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("redrive_at", sa.DateTime(timezone=True), nullable=True, comment="since when the relay should publish it again"),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True, comment="redriven or dropped"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_letter")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_letter_event_id")),
        comment="events that cannot get into the log, and the later ones of the same aggregate, which wait behind them",
    )
    op.create_index("ix_outbox_letter_open", "outbox_letter", ["subject", "version"], unique=False, postgresql_where=_OPEN)
    op.create_index(
        "ix_outbox_letter_redrive", "outbox_letter", ["redrive_at", "subject", "version"], unique=False, postgresql_where=_REDRIVE
    )
    op.create_table(
        "blocked_task",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_blocked_task")),
        comment="background work that makes no progress, since when and why; empty while all is well",
    )


def downgrade() -> None:
    op.drop_table("blocked_task")
    op.drop_index("ix_outbox_letter_redrive", table_name="outbox_letter", postgresql_where=_REDRIVE)
    op.drop_index("ix_outbox_letter_open", table_name="outbox_letter", postgresql_where=_OPEN)
    op.drop_table("outbox_letter")
