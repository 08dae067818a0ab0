"""What needs somebody's yes: approvals and their steps. See `shared.approvals`."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import PLUMBING, At

APPROVAL = Table(
    "approval",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False, comment="counts its own events"),
    Column("kind", Text, nullable=False, comment="of the record, such as contract"),
    Column("record_id", Uuid, nullable=False),
    Column("content_hash", Text, nullable=False, comment="of the content that is decided about"),
    Column("state", Text, nullable=False),
    Column("requested_by", Uuid, nullable=False),
    Column("requested_at", At, nullable=False),
    Column("ended_at", At),
    Column("hours", Integer, comment="working hours that a step has; empty for no end"),
    Index("uq_approval_open", "kind", "record_id", unique=True, postgresql_where=text("state = 'open'")),
    Index(None, "kind", "record_id", "id"),
    comment="somebody asks, others decide about one content of a record",
)

APPROVAL_STEP = Table(
    "approval_step",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("approval_id", Uuid, ForeignKey("approval.id"), nullable=False),
    Column("position", Integer, nullable=False, comment="steps of one position are parallel, the next one waits for them"),
    Column("name", Text, nullable=False),
    Column("roles", JSONB, nullable=False, comment="whoever has one of them may decide"),
    Column("people", JSONB, nullable=False, comment="ids of those who may decide whatever their roles"),
    Column("state", Text, nullable=False),
    Column("opened_at", At),
    Column("due_at", At, comment="from then on it is overdue"),
    Column("escalated_at", At),
    Column("delegate_id", Uuid, comment="who is asked in place of the roles"),
    Column("decided_by", Uuid),
    Column("decided_at", At),
    UniqueConstraint("approval_id", "name"),
    Index("ix_approval_step_open", "due_at", "id", postgresql_where=text("state = 'open'")),
    comment="a part of an approval that one person decides",
)
