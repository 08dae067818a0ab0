"""Quotes, one row per version, and the numbers given to them."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Table, UniqueConstraint, Uuid, text

from deal_svc.metadata import metadata
from deal_svc.quotes.record import Quote
from shared.db.query import Aggregate
from shared.db.record import table

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
