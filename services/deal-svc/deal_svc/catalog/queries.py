"""Reads of the catalogue: the list of products, and prices on a day."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from deal_svc.catalog.fields import ProductFields
from deal_svc.catalog.record import Price, Product
from deal_svc.catalog.tables import PRICE, PRICES, PRODUCT, PRODUCTS
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.http.listing import Listing, described

_FILTERED = ("id", "sku", "active", "tax_class", "tax_percent", "stock")

LIST = Listing(
    PRODUCT,
    Product,
    filters={**described(PRODUCT, ProductFields), **{n: PRODUCT.c[n] for n in _FILTERED}},
    sorts=("sku", "name", "created_at"),
    default="sku",
    search=(PRODUCT.c.sku, PRODUCT.c.name),
)

_of_products = select(*[PRICE.c[n] for n in PRICES.names]).where(is_in(PRICE.c.product_id, "product_ids"))
PRICES_OF = Query(_of_products.order_by(PRICE.c.product_id, PRICE.c.currency, PRICE.c.valid_from), Price)


async def products(db: Reader, ids: Collection[UUID]) -> dict[UUID, Product]:
    return {p.id: p for p in await db.all(PRODUCTS.get_many, ids=list(ids))}
