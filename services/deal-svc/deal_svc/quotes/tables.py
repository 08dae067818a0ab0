"""Quotes, one row per version, and the numbers given to them."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from deal_svc.metadata import metadata
from deal_svc.quotes.record import Quote
from shared.db.query import Aggregate
from shared.db.record import table
from shared.db.tables import At

QUOTE = table(
    "quote",
    metadata,
    Quote,
    CheckConstraint("list_total >= 0 AND net >= 0 AND tax >= 0 AND total >= 0", "amounts"),
    CheckConstraint("fx > 0", "fx"),
    CheckConstraint("total_discount_percent >= 0 AND total_discount_percent <= 100", "total_discount"),
    CheckConstraint("discount_percent >= 0 AND discount_percent <= 100", "discount"),
    CheckConstraint("revision > 0", "revision"),
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

QUOTE_PAPER = Table(
    "quote_paper",
    metadata,
    Column("quote_id", Uuid, ForeignKey(QUOTE.c.id), primary_key=True),
    Column("customer", Text, nullable=False, comment="what the customer was called when it was sent"),
    Column("letterhead", JSONB, nullable=False, comment="who the company was when it was sent"),
    Column("due_at", At, comment="from when on its documents are wanted; null when they are made, or made when asked for"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("made_at", At),
    Index(None, "due_at", postgresql_where=text("due_at IS NOT NULL")),
    comment="what the documents of quotes that were sent name besides the quote, and whether they are still to be made",
)
