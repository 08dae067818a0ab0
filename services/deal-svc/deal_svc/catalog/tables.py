"""Products and the price book."""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from deal_svc.catalog.record import Price, Product
from deal_svc.metadata import metadata
from shared.db.query import Aggregate
from shared.db.record import table

PRODUCT = table(
    "product",
    metadata,
    Product,
    CheckConstraint("tax_percent >= 0 AND tax_percent <= 100", "tax"),
    CheckConstraint("lead_days >= 0", "lead_days"),
    CheckConstraint("stock >= 0", "stock"),
    CheckConstraint("cost >= 0 AND (cost IS NULL) = (cost_currency IS NULL)", "cost"),
    Index(None, "created_at", "id"),
    Index(None, "name", "id"),
)
PRODUCTS = Aggregate(PRODUCT, Product, "product")

PRICE = table(
    "price",
    metadata,
    Price,
    CheckConstraint("unit_price >= 0", "amount"),
    CheckConstraint("floor >= 0 AND floor <= unit_price", "floor"),
    CheckConstraint("valid_to >= valid_from", "days"),
    UniqueConstraint("product_id", "currency", "valid_from"),
)
PRICES = Aggregate(PRICE, Price, "price")
