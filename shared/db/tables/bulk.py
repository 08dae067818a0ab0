"""Acts that are done with many records at once: the jobs, and the records of each."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import PLUMBING, At

BULK_JOB = Table(
    "bulk_job",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("record", Text, nullable=False, comment="what it is done with: lead, deal"),
    Column("act", Text, nullable=False),
    Column("state", Text, nullable=False, comment="queued, running, done, cancelled, stopped"),
    Column("given", JSONB, nullable=False, comment="the body of the act; may name people"),
    Column("filter", JSONB, comment="what the records were chosen by, if not by their ids; may name people"),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False, server_default=text("0")),
    Column("refused", Integer, nullable=False, server_default=text("0")),
    Column("after", Uuid, comment="the last record that was done or refused"),
    Column("error", Text, comment="why it was stopped"),
    Column("asked_by", Uuid, nullable=False),
    Column("roles", JSONB, nullable=False, comment="of whoever asked, by their token"),
    Column("roster_role", Text, comment="of whoever asked, by the roster"),
    Column("correlation_id", Text, nullable=False),
    Column("created_at", At, nullable=False),
    Column("moved_at", At, nullable=False, comment="who waits longest has the next turn"),
    Column("started_at", At),
    Column("finished_at", At),
    Index("ix_bulk_job_open", "record", "moved_at", postgresql_where=text("state IN ('queued', 'running')")),
    Index("ix_bulk_job_created_at_id", "created_at", "id"),
    Index(None, "asked_by"),
    comment="an act that somebody has asked for with many records",
)

BULK_RECORD = Table(
    "bulk_record",
    PLUMBING,
    Column("job_id", Uuid, ForeignKey("bulk_job.id"), nullable=False),
    Column("id", Uuid, nullable=False, comment="of the record"),
    Column("version", BigInteger, comment="the one that whoever asked has seen, if they said so"),
    Column("outcome", Text, nullable=False, comment="waiting, done, refused"),
    Column("code", Text),
    Column("message", Text),
    Column("unmet", JSONB, nullable=False, server_default=text("'[]'"), comment="the guards that stood in the way"),
    PrimaryKeyConstraint("job_id", "id"),
)
