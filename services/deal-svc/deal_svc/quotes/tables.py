"""Quotes: one row per version."""

from sqlalchemy import BigInteger, Column, Date, Identity, Index, Integer, Numeric, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from deal_svc.metadata import metadata
from deal_svc.quotes.rules import Quote
from shared.db.query import Aggregate
from shared.db.tables import At

QUOTE = Table(
    "quote",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False, comment="of the row, as everywhere; the customer counts revisions"),
    Column("deal_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("fx", Numeric(18, 8), nullable=False),
    Column("quoted_on", Date, nullable=False, comment="the day of the price book that it was made from"),
    Column("valid_until", Date, nullable=False),
    Column("lines", JSONB, nullable=False),
    Column("total_discount_percent", Numeric(7, 4), nullable=False, comment="on top of the lines' own"),
    Column("schedule", JSONB, nullable=False),
    Column("list_total", Numeric(18, 4), nullable=False),
    Column("net", Numeric(18, 4), nullable=False),
    Column("tax", Numeric(18, 4), nullable=False),
    Column("total", Numeric(18, 4), nullable=False),
    Column("discount_percent", Numeric(7, 4), nullable=False, comment="of everything together"),
    Column("note", Text),
    Column("sent_at", At),
    Column("accepted_at", At),
    Column("ended_at", At, comment="when it was rejected, withdrawn, superseded or expired"),
    Column("reason", Text),
    Column("created_by", Uuid, nullable=False),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    UniqueConstraint("number", "revision"),
    Index(None, "deal_id", "status"),
    Index(None, "created_at", "id"),
    Index(None, "valid_until", "id"),
    Index(None, "total", "id"),
    Index("uq_quote_accepted", "deal_id", unique=True, postgresql_where=text("status = 'accepted'")),
)
QUOTES = Aggregate(QUOTE, Quote, "quote")

QUOTE_NUMBER = Table(
    "quote_number",
    metadata,
    Column("id", BigInteger, Identity(start=100001), primary_key=True),
    Column("deal_id", Uuid, nullable=False),
    comment="the numbers given to quotes; all versions of a quote share one",
)
