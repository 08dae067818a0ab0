"""The feed, its one head, and who owns what its events belong to."""

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Table, Text, UniqueConstraint, Uuid

from metrics_svc.metadata import metadata
from shared.db.tables import At

FEED = Table(
    "feed",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("aggregate", Text, nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("time", At, nullable=False, comment="when it happened in the business"),
    Column("recorded_at", At, nullable=False, comment="when we learnt it"),
    Column("belongs_to", Uuid, comment="the record whose owner decides who sees it; NULL for what everybody may see"),
    # JSON, not JSONB: it is handed on as it is.
    Column("event", JSON, nullable=False, comment="structured CloudEvents"),
    UniqueConstraint("subject", "version"),
    CheckConstraint("position > 0 AND version > 0", name="places"),
    comment="the events of the log in one order without gaps, kept for CLINCH_FEED_DAYS",
)

HEAD = Table(
    "feed_head",
    metadata,
    Column("name", Text, primary_key=True),
    Column("latest", BigInteger, nullable=False, comment="the position of the last event"),
    Column("oldest", BigInteger, nullable=False, comment="the last position that was deleted; the feed begins behind it"),
    Column("horizon", At, nullable=False, comment="what was recorded before may be missing"),
    CheckConstraint("oldest >= 0 AND oldest <= latest", name="bounds"),
    comment="one row, locked by whoever appends: positions come in the order of the commits",
)

OWNER = Table(
    "feed_owner",
    metadata,
    Column("id", Uuid, primary_key=True, autoincrement=False),
    Column("owner_id", Uuid, comment="NULL: nobody has it yet"),
    comment="who owns what events belong to, as the events up to the head tell it",
)
