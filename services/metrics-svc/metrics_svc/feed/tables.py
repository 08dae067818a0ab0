"""The feed, its one head, and what decides who sees the records that its events belong to."""

from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, Column, Index, Table, Text, UniqueConstraint, Uuid

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
    Column("belongs_to", Uuid, comment="the record that decides who sees it; NULL for what everybody may see"),
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
    Column("kind", Text, comment="what it is seen as"),
    Column("account_id", Uuid),
    Column("deal_id", Uuid, comment="of a contract, or of a quote that is up for approval"),
    Column("won", Boolean, comment="of a deal"),
    Column("review", Boolean, comment="of a contract or a quote: whether it is in review, or up for approval"),
    comment="who owns what events belong to, and what else decides who sees it, as the events up to the head tell it",
)
Index("ix_feed_owner_account_id", OWNER.c.account_id, postgresql_where=OWNER.c.account_id.is_not(None))
Index("ix_feed_owner_deal_id", OWNER.c.deal_id, postgresql_where=OWNER.c.deal_id.is_not(None))
