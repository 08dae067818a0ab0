"""Keep what somebody has to do, and what has to happen by a time."""

import sqlalchemy as sa
from alembic import op

revision = "7d41b90ce2a6"
down_revision = "9c41e07ab2d6"
branch_labels = None
depends_on = None

_VERSION = "counts its own events; 0 when it comes from before there were any"


def _at(name: str, *, nullable: bool = True, comment: str | None = None) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, comment=comment)


def upgrade() -> None:
    op.create_table(
        "deadline",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment=_VERSION),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False, comment="whether it counts working time"),
        _at("started_at", nullable=False),
        _at("due_at", nullable=False, comment="what it began with, whatever the policy says since"),
        _at("warn_at"),
        _at("warned_at"),
        _at("missed_at", comment="its due time, once that was over; empty again when it turns out to have been met in time"),
        _at("met_at"),
        _at("paused_at"),
        sa.Column("left_seconds", sa.Double(), nullable=True, comment="of a paused one: how much time was left"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline")),
        sa.UniqueConstraint("record_id", "name", name=op.f("uq_deadline_record_id_name")),
        comment="what has to happen by a time; one row for each record and name",
    )
    op.create_index("ix_deadline_late", "deadline", ["name", "record_id"], postgresql_where=sa.text("missed_at IS NOT NULL"))
    op.create_index(
        "ix_deadline_soon",
        "deadline",
        ["name", "record_id"],
        postgresql_where=sa.text("state = 'running' AND warned_at IS NOT NULL"),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment=_VERSION),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False, comment="what it is about; the task is for whoever owns that"),
        sa.Column("why", sa.Text(), nullable=True, comment="in somebody's own words"),
        sa.Column("state", sa.Text(), nullable=False),
        _at("due_at", nullable=False),
        _at("reminded_at", comment="its due time, once that has come"),
        _at("closed_at"),
        _at("created_at", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        comment="what somebody has to do about a record",
    )
    op.create_index("uq_task_open", "task", ["record_id", "kind"], unique=True, postgresql_where=sa.text("state = 'open'"))
    op.create_index(op.f("ix_task_record_id"), "task", ["record_id"])
    op.create_index("ix_task_due", "task", ["due_at", "id"], postgresql_where=sa.text("state = 'open'"))


def downgrade() -> None:
    op.drop_table("task")
    op.drop_table("deadline")
