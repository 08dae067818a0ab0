"""Products and the price book."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Numeric, Table, Text, UniqueConstraint, Uuid

from deal_svc.catalog.rules import Price, Product
from deal_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.tables import At

PRODUCT = Table(
    "product",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("sku", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("tax_percent", Numeric(7, 4), nullable=False),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    UniqueConstraint("sku"),
    Index(None, "created_at", "id"),
    Index(None, "name", "id"),
)
PRODUCTS = Aggregate(PRODUCT, Product, "product")

PRICE = Table(
    "price",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("product_id", Uuid, nullable=False),
    Column("currency", Text, nullable=False),
    Column("unit_price", Numeric(18, 4), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("created_at", At, nullable=False),
    Column("updated_at", At, nullable=False),
    UniqueConstraint("product_id", "currency", "valid_from"),
)
PRICES = Aggregate(PRICE, Price, "price")
