"""Changes of products and prices."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, select

from deal_svc.catalog import rules
from deal_svc.catalog.queries import PRICES_OF
from deal_svc.catalog.record import Price, Product
from deal_svc.catalog.rules import CHANGE, SET_COST, SET_PRICE, SET_STOCK
from deal_svc.catalog.tables import PRICES, PRODUCT, PRODUCTS
from deal_svc.policy import POLICY, TaxClass
from shared.db.query import Query
from shared.db.tx import Tx
from shared.errors import Rejected
from shared.events.catalog import PriceSet, ProductChanged, ProductCreated
from shared.events.envelope import Money
from shared.ids import new_id

E = TypeVar("E", ProductCreated, ProductChanged)

_CLAIM_SKU = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_BY_SKU = Query(select(PRODUCT.c.id).where(PRODUCT.c.sku == bindparam("sku")), UUID)


async def create(tx: Tx, *, sku: str, tax: tuple[str | None, Decimal | None], said: Mapping[str, Any]) -> Product:
    """A product that is sold from now on. `tax`: its class, or a percent of its own. `said` are its descriptive fields."""
    taxed = rules.taxed(*tax, tx.policy(POLICY).tax_classes)
    await tx.execute(_CLAIM_SKU, f"product {sku}")
    if await tx.first(_BY_SKU, sku=sku) is not None:
        raise Rejected("There is a product with this SKU already.", code="sku_taken")
    uncounted = {"stock": None, "cost": None, "cost_currency": None}
    made: dict[str, Any] = {**said, **taxed, **uncounted}
    product = Product(id=new_id(), version=0, sku=sku, active=True, created_at=tx.now, updated_at=tx.now, **made)
    return await tx.add(PRODUCTS, product, _about(ProductCreated, product))


async def edit(tx: Tx, product_id: UUID, *, expect: int | None, changes: Mapping[str, Any]) -> Product:
    product = await tx.load(PRODUCTS, product_id, expect)
    CHANGE.check(product, tx.actor)
    if not changes.keys().isdisjoint(("tax_class", "tax_percent")):
        changes = {**changes, **_retaxed(product, changes, tx.policy(POLICY).tax_classes)}
    return await _change(tx, product, changes)


def _retaxed(product: Product, changes: Mapping[str, Any], classes: Sequence[TaxClass]) -> dict[str, Any]:
    """Its tax after these changes. A product that leaves its class keeps the percent that it has, unless another one is named."""
    percent = changes.get("tax_percent")
    if changes.get("tax_class", product.tax_class) is None and percent is None:
        percent = rules.tax_of(product, classes)
    return rules.taxed(changes.get("tax_class"), percent, classes)


async def set_cost(tx: Tx, product_id: UUID, *, expect: int | None, cost: Decimal | None, currency: str | None) -> Product:
    """What one unit costs us; None where nobody knows any more. The event says that it changed, and not what it is."""
    product = await tx.load(PRODUCTS, product_id, expect)
    SET_COST.check(product, tx.actor)
    if (product.cost, product.cost_currency) == (cost, currency):
        return product
    return await tx.save(PRODUCTS, product, _about(ProductChanged, product, changed=["cost"]), cost=cost, cost_currency=currency)


async def set_stock(tx: Tx, product_id: UUID, *, expect: int | None, stock: Decimal | None) -> Product:
    """How much of it is there; None where nobody counts it any more."""
    product = await tx.load(PRODUCTS, product_id, expect)
    SET_STOCK.check(product, tx.actor)
    return await _change(tx, product, {"stock": stock})


async def _change(tx: Tx, product: Product, changes: Mapping[str, Any]) -> Product:
    changed = {name: value for name, value in changes.items() if getattr(product, name) != value}
    if not changed:
        return product
    return await tx.save(PRODUCTS, product, _about(ProductChanged, replace(product, **changed), changed=sorted(changed)), **changed)


def _about(kind: type[E], product: Product, **more: Any) -> E:
    """The event, with each of its fields that the product has too."""
    return kind(**{n: getattr(product, n) for n in kind.model_fields if n in PRODUCTS.names}, **more)


async def set_price(
    tx: Tx,
    product_id: UUID,
    *,
    expect: int | None,
    unit_price: Decimal,
    floor: Decimal | None,
    currency: str,
    valid_from: date,
    valid_to: date | None,
) -> Product:
    """Put a price into the book. The one in force without an end ends the day before.

    The product shows its prices, so each change of them is a new version of it.
    """
    product = await tx.load(PRODUCTS, product_id, expect)  # its lock orders all changes of its prices
    SET_PRICE.permit(tx.actor)
    book = [p for p in await tx.all(PRICES_OF, product_ids=[product_id]) if p.currency == currency]
    placing = rules.place(book, valid_from, valid_to)
    SET_PRICE.check(product, tx.actor, also=placing.overlaps)
    if placing.replaces is not None:
        if not await _save(tx, placing.replaces, unit_price=unit_price, floor=floor, valid_to=valid_to):
            return product  # the same price again: an earlier one has ended by it already
    else:
        price = Price(
            id=new_id(),
            version=0,
            product_id=product_id,
            currency=currency,
            unit_price=unit_price,
            floor=floor,
            valid_from=valid_from,
            valid_to=valid_to,
            created_at=tx.now,
            updated_at=tx.now,
        )
        await tx.add(PRICES, price, _told(price))
    if placing.ends is not None:
        await _save(tx, placing.ends, valid_to=rules.day_before(valid_from))
    return await tx.save(PRODUCTS, product, _about(ProductChanged, product, changed=["prices"]))


async def _save(tx: Tx, price: Price, **changes: Any) -> bool:
    """Whether there was anything to change."""
    after = replace(price, **changes)
    if after == price:
        return False
    await tx.save(PRICES, price, _told(after), **changes)
    return True


def _told(price: Price) -> PriceSet:
    return PriceSet(
        product_id=price.product_id,
        unit_price=Money(amount=price.unit_price, currency=price.currency),
        valid_from=price.valid_from,
        valid_to=price.valid_to,
    )
