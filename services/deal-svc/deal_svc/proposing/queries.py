"""What is known of the needs of a deal, and what can be offered for them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import bindparam, func, select

from deal_svc.catalog.record import Product
from deal_svc.catalog.tables import PRODUCT, PRODUCTS
from deal_svc.discovery.tables import SPIN_ENTRY
from deal_svc.price_lists.queries import book_of
from deal_svc.price_lists.rules import Book, Buyer
from deal_svc.proposing.record import Offer
from shared.db.query import Query
from shared.db.tx import Reader

_SPIN = Query(select(SPIN_ENTRY.c.text).where(SPIN_ENTRY.c.deal_id == bindparam("deal_id")).order_by(SPIN_ENTRY.c.at), str)
LINES = Query(select(PRODUCT.c.line).where(PRODUCT.c.active).distinct().order_by(PRODUCT.c.line), str)
_OF_LINE = Query(
    select(*[PRODUCT.c[n] for n in PRODUCTS.names])
    .where(PRODUCT.c.active, func.lower(PRODUCT.c.line) == func.lower(bindparam("line")))
    .order_by(PRODUCT.c.sku),
    Product,
)


async def said_of_needs(db: Reader, deal_id: UUID, confirmed: str | None) -> Sequence[str]:
    """What the deal says of the needs: as they were confirmed, and the SPIN entries."""
    return [*([confirmed] if confirmed else []), *await db.all(_SPIN, deal_id=deal_id)]


async def offers_of(db: Reader, line: str, buyer: Buyer, day: date) -> list[Offer]:
    """What is sold of the product line, at the prices that the buyer has on the day. Three statements, however many products."""
    products = await db.all(_OF_LINE, line=line)
    book = await book_of(db, [product.id for product in products])
    offers = [_offer(product, book, buyer, day) for product in products]
    return [offer for offer in offers if offer is not None]


def _offer(product: Product, book: Book, buyer: Buyer, day: date) -> Offer | None:
    """The prices from each quantity at which one may change; None for a product without a price."""
    begins = {Decimal(tier["from_quantity"]) for entry in book.entries if entry.product_id == product.id for tier in entry.tiers}
    found = [(quantity, book.find(product.id, buyer, day, quantity)) for quantity in sorted({Decimal(0), *begins})]
    first = found[0][1]
    if first is None:
        return None
    steps = [(quantity, price.unit_price) for quantity, price in found if price is not None]
    return Offer(product, steps, {UUID(part["product_id"]): Decimal(part["quantity"]) for part in first.parts})
