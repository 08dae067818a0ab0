"""What has to happen by a time. See `shared.deadlines`."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Table, Text, UniqueConstraint, Uuid, text

from shared.db.tables.base import PLUMBING, At

DEADLINE = Table(
    "deadline",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False, comment="counts its own events; 0 when it comes from before there were any"),
    Column("name", Text, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("working", Boolean, nullable=False, comment="whether it counts working time"),
    Column("started_at", At, nullable=False),
    Column("due_at", At, nullable=False, comment="what it began with, whatever the policy says since"),
    Column("warn_at", At),
    Column("warned_at", At),
    Column("missed_at", At, comment="its due time, once that was over; empty again when it turns out to have been met in time"),
    Column("met_at", At),
    Column("paused_at", At),
    Column("left_seconds", Double, comment="of a paused one: how much time was left"),
    UniqueConstraint("record_id", "name"),
    Index("ix_deadline_late", "name", "record_id", postgresql_where=text("missed_at IS NOT NULL")),
    Index("ix_deadline_soon", "name", "record_id", postgresql_where=text("state = 'running' AND warned_at IS NOT NULL")),
    Index("ix_deadline_open", "due_at", "id", postgresql_where=text("state = 'running'")),
    comment="what has to happen by a time; one row for each record and name",
)
