"""The tables of work in the background, and of requests that are repeated or too many."""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import PLUMBING, At

LEASE = Table(
    "lease",
    PLUMBING,
    Column("name", Text, primary_key=True),
    comment="one row per job that only one worker may do at a time; held by locking the row",
)

BLOCKED_TASK = Table(
    "blocked_task",
    PLUMBING,
    Column("name", Text, primary_key=True),
    Column("since", At, nullable=False),
    Column("error", Text, nullable=False),
    comment="background work that makes no progress, since when and why; empty while all is well",
)

TIMER = Table(
    "timer",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("due_at", At, nullable=False),
    Column("data", JSONB, nullable=False, server_default=text("'{}'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("retry_at", At),
    Column("error", Text),
    Column("fired_at", At),
    Column("cancelled_at", At),
    UniqueConstraint("kind", "subject", "due_at"),
    Index("ix_timer_open", "due_at", postgresql_where=text("fired_at IS NULL AND cancelled_at IS NULL")),
    Index(None, "subject"),
)

HAND_OVER = Table(
    "hand_over",
    PLUMBING,
    Column("id", Uuid, primary_key=True, comment="of the hand-over and the service"),
    Column("hand_over_id", Uuid, nullable=False),
    Column("service", Text, nullable=False),
    Column("number", Integer, nullable=False, comment="1, 2, 3 ... of the person whose records they are"),
    Column("from_id", Uuid, nullable=False),
    Column("to_id", Uuid, nullable=False),
    Column("kinds", JSONB, nullable=False),
    Column("filter", JSONB, nullable=False, comment="which of their records; empty for all"),
    Column("reason", Text),
    Column("told_at", At, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("event_id", Uuid, comment="the event that told of it"),
    Column("cursor", JSONB, nullable=False, server_default=text("'{}'"), comment="part -> the last id that was moved, or end"),
    Column("moved", JSONB, nullable=False, server_default=text("'{}'"), comment="part -> how many records"),
    Column("remaining", JSONB, nullable=False, server_default=text("'{}'"), comment="part -> how many are still to be moved"),
    Column("started_at", At),
    Column("done_at", At),
    Column("version", BigInteger, nullable=False, server_default=text("0"), comment="of the last event that told how far it is"),
    Index("ix_hand_over_open", "service", "told_at", postgresql_where=text("done_at IS NULL")),
    Index(None, "from_id", "number"),
    comment="a person's records that go to somebody else: one row for each service, in lead-svc also those of the others",
)

IDEMPOTENCY = Table(
    "idempotency",
    PLUMBING,
    Column("key", LargeBinary, primary_key=True, comment="SHA-256 of principal, method, path and Idempotency-Key"),
    Column("body_hash", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", At, nullable=False),
    Index(None, "created_at"),
)

RATE_LIMIT = Table(
    "rate_limit",
    PLUMBING,
    Column("principal", Uuid, primary_key=True),
    Column("tokens", Double, nullable=False, comment="requests that are left, at that moment"),
    Column("taken", Integer, nullable=False, comment="by the process that asked last"),
    Column("at", At, nullable=False),
    prefixes=["UNLOGGED"],
    comment="how many requests a principal has left; lost when Postgres crashes, and then all are full again",
)
