"""What somebody has to do. See `shared.tasks`."""

from sqlalchemy import BigInteger, Column, Index, Table, Text, Uuid, text

from shared.db.tables.base import PLUMBING, At

TASK = Table(
    "task",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False, comment="counts its own events; 0 when it comes from before there were any"),
    Column("kind", Text, nullable=False),
    Column("record_id", Uuid, nullable=False, comment="what it is about; the task is for whoever owns that"),
    Column("why", Text, comment="in somebody's own words"),
    Column("state", Text, nullable=False),
    Column("due_at", At, nullable=False),
    Column("reminded_at", At, comment="its due time, once that has come"),
    Column("overdue_at", At, comment="when it counted as overdue, once that has come"),
    Column("escalated_at", At, comment="when those above its owner were told"),
    Column("closed_at", At),
    Column("created_at", At, nullable=False),
    Index("uq_task_open", "record_id", "kind", unique=True, postgresql_where=text("state = 'open'")),
    Index(None, "record_id"),
    Index("ix_task_due", "due_at", "id", postgresql_where=text("state = 'open'")),
    comment="what somebody has to do about a record",
)
