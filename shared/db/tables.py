"""The plumbing tables that every service's database has a copy of. No business rule and no table of one service."""

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

At = DateTime(timezone=True)


def service_metadata() -> MetaData:
    """A service's metadata with the plumbing tables already in it; the service adds its features' tables."""
    metadata = MetaData(naming_convention=NAMING)
    for table in PLUMBING.tables.values():
        table.to_metadata(metadata)
    return metadata


PLUMBING = MetaData(naming_convention=NAMING)

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

BLOCKED_TASK = Table(
    "blocked_task",
    PLUMBING,
    Column("name", Text, primary_key=True),
    Column("since", At, nullable=False),
    Column("error", Text, nullable=False),
    comment="background work that makes no progress, since when and why; empty while all is well",
)

LEASE = Table(
    "lease",
    PLUMBING,
    Column("name", Text, primary_key=True),
    comment="one row per job that only one worker may do at a time; held by locking the row",
)

COMPANY = Table(
    "company",
    PLUMBING,
    Column("number", Integer, primary_key=True, autoincrement=False, comment="1, and one more with each change"),
    Column("time_zone", Text, nullable=False),
    Column("reporting_currency", Text, nullable=False),
    Column("since", At, nullable=False, comment="events recorded before are in the currency of the row before"),
    Column("state", Text, nullable=False, comment="moving, moved, done: how far this database is with the change"),
    comment="the zone and currency that the data are kept in; services start with no others",
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

ROSTER = Table(
    "roster",
    PLUMBING,
    Column("person_id", Uuid, primary_key=True),
    Column("team_id", Uuid),
    Column("team_path", ARRAY(Uuid), nullable=False, comment="ids from the root team to the person's own"),
    Column("role", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("version", BigInteger, nullable=False),
    comment="who is in which team, as lead-svc's events told it: ids only, for row access and for the team of an event",
)

MEMBERSHIP = Table(
    "membership",
    PLUMBING,
    Column("record_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("part", Text, nullable=False, comment="creator, owner (of an account), member (of its team)"),
    PrimaryKeyConstraint("record_id", "person_id", "part"),
    Index(None, "person_id", "record_id"),
    comment="who has a part in which record besides its owner, and so sees it",
)

IMPORT_JOB = Table(
    "import_job",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("things", Text, nullable=False),
    Column("state", Text, nullable=False, comment="uploading, checking, queued, reading, running, done, cancelled, refused, failed"),
    Column("options", JSONB, nullable=False),
    Column("columns", JSONB, nullable=False, comment="the file's header"),
    Column("bytes_total", BigInteger, nullable=False, server_default=text("0")),
    Column("bytes_done", BigInteger, nullable=False, server_default=text("0"), comment="where the next row starts"),
    Column("line", BigInteger, nullable=False, server_default=text("0"), comment="the last line that was read"),
    Column("created", BigInteger, nullable=False, server_default=text("0")),
    Column("updated", BigInteger, nullable=False, server_default=text("0")),
    Column("unchanged", BigInteger, nullable=False, server_default=text("0")),
    Column("refused", BigInteger, nullable=False, server_default=text("0")),
    Column("flagged", BigInteger, nullable=False, server_default=text("0")),
    Column("error", Text),
    Column("actor_id", Uuid, nullable=False),
    Column("actor_roles", JSONB, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("idempotency_key", Text),
    Column("created_at", At, nullable=False),
    Column("finished_at", At),
    Column("found", JSONB, comment="by the first pass: how the file is read and why, or why it cannot be"),
    Column("flags", JSONB, nullable=False, server_default=text("'{}'"), comment="flag -> how many rows have it"),
    Column("digest", Text, comment="of options and file: what its Idempotency-Key stands for"),
    UniqueConstraint("actor_id", "idempotency_key"),
    Index("ix_import_job_open", "created_at", postgresql_where=text("state IN ('queued', 'reading', 'running')")),
)

IMPORT_CHUNK = Table(
    "import_chunk",
    PLUMBING,
    Column("job_id", Uuid, nullable=False),
    Column("start", BigInteger, nullable=False, comment="offset of its first byte in the file"),
    Column("bytes", LargeBinary, nullable=False),
    PrimaryKeyConstraint("job_id", "start"),
)

IMPORT_PROBLEM = Table(
    "import_problem",
    PLUMBING,
    Column("job_id", Uuid, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("kind", Text, nullable=False, comment="refused or flagged"),
    Column("field", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    PrimaryKeyConstraint("job_id", "line", "n"),
)

RATE = Table(
    "rate",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("base", Text, nullable=False, comment="the reporting currency when it was set"),
    Column("day", Date, nullable=False),
    Column("rate", Numeric(18, 8), comment="units of base for one unit of currency; null for one that was taken back"),
    Column("source", Text, nullable=False),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    UniqueConstraint("base", "currency", "day"),
    Index(None, "day", "id"),
    comment="exchange rates by day, as lead-svc told them: kept where amounts are converted",
)

POLICY_VERSION = Table(
    "policy_version",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, comment="the document's: the service's name, or company"),
    Column("number", Integer, nullable=False, comment="1 for the defaults that the database began with"),
    Column("state", Text, nullable=False, comment="draft, approved, active, retired, withdrawn"),
    Column("document", JSONB, nullable=False),
    Column("based_on", Integer, nullable=False, comment="the version that was active when it was drafted or last changed; 0 for none"),
    Column("running", Text, nullable=False, comment="keep or move: what happens to what runs when it becomes active"),
    Column("note", Text, comment="why"),
    Column("reason", Text, comment="why it was withdrawn"),
    Column("author_id", Uuid, nullable=False),
    Column("approved_by", Uuid),
    Column("approved_at", At),
    Column("activated_by", Uuid),
    Column("active_from", At, comment="since when it is active, or from when on it will be"),
    Column("retired_at", At),
    Column("move_after", Uuid, comment="up to which record what runs has moved"),
    Column("moved_at", At, comment="since when all that runs has moved"),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("name", "number"),
    Index("ix_policy_version_active", "name", unique=True, postgresql_where=text("state = 'active'")),
    comment="the documents of policy that this service owns, in all their versions",
)

POLICY_SIMULATION = Table(
    "policy_simulation",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    Column("state", Text, nullable=False, comment="queued, running, done, failed, cancelled, outdated"),
    Column("parts", JSONB, nullable=False, comment="for each simulation of the document: what it has found so far"),
    Column("kept", Integer, nullable=False, comment="records that are listed"),
    Column("left_out", Integer, nullable=False, comment="records that would differ too, beyond those that are listed"),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Column("actor_id", Uuid, nullable=False),
    Column("created_at", At, nullable=False),
    Column("finished_at", At),
    Index("ix_policy_simulation_open", "created_at", postgresql_where=text("state IN ('queued', 'running')")),
    Index(None, "name", "number", "created_at"),
    comment="reports on drafts of policy: for which real records they would decide otherwise",
)

POLICY_DIFFERENCE = Table(
    "policy_difference",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("simulation_id", Uuid, nullable=False),
    Column("part", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("before", JSONB),
    Column("after", JSONB),
    Index(None, "simulation_id", "id"),
    comment="the records that a simulation has found",
)

POLICY_COPY = Table(
    "policy_copy",
    PLUMBING,
    Column("name", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("active_from", At, nullable=False),
    Column("version", BigInteger, nullable=False, comment="of the event that told it"),
    comment="the active documents of other services, as their events told them",
)

ACCESS_LOG = Table(
    "access_log",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("at", At, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("operation", Text, nullable=False, comment="the operation's id in the OpenAPI document"),
    Column("record_id", Uuid, comment="empty for a list"),
    Column("records", Integer, comment="how many a list showed"),
    Column("query", Text, comment="of a list, without the values of personal data"),
    Column("request_id", Text, nullable=False),
    Column("reason", Text, comment="why, as the reader said"),
    Index(None, "at", "id"),
    Index(None, "actor_id", "at"),
    Index(None, "record_id", "at", postgresql_where=text("record_id IS NOT NULL")),
    comment="reads of personal data, and exports; changes are in event",
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
