"""The tables of the log's two ends: what a service has told and has to publish, and how far its consumers are."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import PLUMBING, At

EVENT = Table(
    "event",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("type", Text, nullable=False),
    Column("aggregate", Text, nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("time", At, nullable=False, comment="when it happened in the business"),
    Column("recorded_at", At, nullable=False, comment="when we learnt it"),
    Column("actor_id", Uuid, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("causation_id", Uuid),
    Column("traceparent", Text),
    # JSON, not JSONB: the relay ships the bytes as they are, nothing parses them on the way.
    Column("data", JSON, nullable=False),
    UniqueConstraint("subject", "version"),
    comment="append-only: the audit trail, the timeline and the archive for replays",
)

OUTBOX = Table(
    "outbox",
    PLUMBING,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=False),
    comment="events not yet in the log; nearly always empty",
)

OUTBOX_LETTER = Table(
    "outbox_letter",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("aggregate", Text, nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False, comment="how often publishing failed; 0 for one that waits behind another"),
    Column("parked_at", At, nullable=False),
    Column("redrive_at", At, comment="since when the relay should publish it again"),
    Column("settled_at", At),
    Column("outcome", Text, comment="redriven or dropped"),
    Index("ix_outbox_letter_open", "subject", "version", postgresql_where=text("settled_at IS NULL")),
    Index("ix_outbox_letter_redrive", "redrive_at", "subject", "version", postgresql_where=text("redrive_at IS NOT NULL")),
    comment="events that cannot get into the log, and the later ones of the same aggregate, which wait behind them",
)

CONSUMER_OFFSET = Table(
    "consumer_offset",
    PLUMBING,
    Column("consumer", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("next", BigInteger, nullable=False),
    PrimaryKeyConstraint("consumer", "topic", "partition"),
)

CONSUMER_SEEN = Table(
    "consumer_seen",
    PLUMBING,
    Column("consumer", Text, nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    PrimaryKeyConstraint("consumer", "subject"),
    comment="the last version of each aggregate that took effect here; tells a duplicate from news",
)

DEAD_LETTER = Table(
    "dead_letter",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("consumer", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("parked_at", At, nullable=False),
    Column("settled_at", At),
    Column("outcome", Text, comment="redriven or dropped"),
    UniqueConstraint("consumer", "topic", "partition", "offset"),
    Index("ix_dead_letter_open", "consumer", "subject", postgresql_where=text("settled_at IS NULL")),
)
