"""Routes of the catalogue: everybody reads it, operations keep it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field, StrictBool

from deal_svc.catalog import commands, queries
from deal_svc.catalog.fields import OwnTax, PriceFields, ProductFields, TaxClass
from deal_svc.catalog.record import Price, Product
from deal_svc.catalog.rules import CHANGE, CREATE, PRODUCT_ACTS, SET_COST, SET_PRICE, SET_STOCK, sees_cost, sees_floor, tax_of
from deal_svc.catalog.tables import PRODUCTS
from deal_svc.policy import POLICY
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor
from shared.db.tx import Reader
from shared.errors import Invalid
from shared.fields import Key
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import Patch
from shared.http.permit import permitted
from shared.money import Money, Percent, Stock, UnitPrice, Unsigned, Worth

router = APIRouter(prefix="/v1/products", tags=["products"], route_class=ClinchRoute)


class ProductIn(ProductFields, Body):
    sku: Annotated[Key, Field(max_length=64, description="What it is ordered by; unique, and stays")]
    tax_class: TaxClass | None = None
    tax_percent: OwnTax | None = None


class ProductPatch(ProductFields, Patch):
    active: StrictBool
    tax_class: TaxClass | None
    tax_percent: OwnTax


class CostIn(Body):
    cost: Annotated[Worth | None, Field(description="Of one unit, in any currency; null where nobody knows it")]


class StockIn(Body):
    stock: Annotated[Stock | None, Field(description="In units of the product; null where nobody counts it")]


FLOOR = "The lowest unit price that needs no more than the ordinary authority"


class PriceIn(PriceFields, Body):
    """The unit price of one currency."""

    unit_price: UnitPrice
    floor: Annotated[Unsigned | None, Field(description=FLOOR)] = None


class PriceOut(PriceFields):
    id: UUID
    unit_price: Money
    floor: Annotated[Money | None, Field(description=f"{FLOOR}; left out for others than those who set prices, finance and directors")]

    @classmethod
    def of(cls, price: Price, by: Actor) -> "PriceOut":
        money = Money(amount=price.unit_price, currency=price.currency)
        shown = price.floor is not None and sees_floor(by)
        floor = Money(amount=price.floor, currency=price.currency) if shown else None
        return cls.model_construct(id=price.id, unit_price=money, floor=floor, valid_from=price.valid_from, valid_to=price.valid_to)


class ProductOut(ProductFields):
    id: UUID
    version: int
    sku: str
    active: bool
    tax_class: TaxClass | None
    tax_percent: OwnTax
    stock: Annotated[Stock | None, Field(description="In units of the product; null where nobody counts it")]
    cost: Annotated[Money | None, Field(description="Of one unit; left out for others than finance, directors and admins")]
    prices: list[PriceOut]
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(cls, product: Product, by: Actor, prices: Sequence[PriceOut], tax: Percent) -> "ProductOut":
        said: dict[str, Any] = {name: getattr(product, name) for name in _TAKEN} | {"tax_percent": tax}
        said["cost"] = Money.model_construct(**product.costing) if product.costing and sees_cost(by) else None
        return cls.model_construct(**said, prices=list(prices), allowed_actions=shown(PRODUCT_ACTS, product, by))


_TAKEN = tuple(name for name in ProductOut.model_fields if name in PRODUCTS.names and name != "cost")


async def _products_out(db: Reader, by: Actor, products: Sequence[Product]) -> list[ProductOut]:
    prices: dict[UUID, list[PriceOut]] = {product.id: [] for product in products}
    for price in await db.all(queries.PRICES_OF, product_ids=list(prices)):
        prices[price.product_id].append(PriceOut.of(price, by))
    classes = db.policy(POLICY).tax_classes
    return [ProductOut.of(product, by, prices[product.id], tax_of(product, classes)) for product in products]


async def _product_out(db: Reader, by: Actor, product: Product) -> ProductOut:
    [answer] = await _products_out(db, by, [product])
    return answer


@router.post("", status_code=201, dependencies=[permitted(CREATE)])
async def create_product(body: ProductIn, tx: InTx, by: CurrentActor) -> ProductOut:
    """Add a product. For operations. The SKU is unique and stays."""
    said, tax = body.only(ProductFields), (body.tax_class, body.tax_percent)
    return await _product_out(tx, by, await commands.create(tx, sku=body.sku, tax=tax, said=said))


@router.get("")
async def list_products(page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor) -> Page[ProductOut]:
    """Products with all their prices."""
    found = await queries.LIST.page(db, page)
    found.items = await _products_out(db, by, found.items)
    return found


@router.get("/{product_id}")
async def get_product(product_id: UUID, db: Reading, by: CurrentActor) -> ProductOut:
    """One product with all its prices."""
    return await _product_out(db, by, await db.get(PRODUCTS, product_id))


@router.patch("/{product_id}", dependencies=[permitted(CHANGE)])
async def update_product(product_id: UUID, body: ProductPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> ProductOut:
    """Rename, move to another line, change the tax, or retire (`active: false`: not for new quotes).

    For operations.
    """
    return await _product_out(tx, by, await commands.edit(tx, product_id, expect=expect, changes=body.given()))


@router.put("/{product_id}/prices", dependencies=[permitted(SET_PRICE)])
async def set_price(product_id: UUID, body: PriceIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> ProductOut:
    """Put a price into the book. For operations.

    A price without an end that is in force ends the day before. One that begins on the same day is replaced. 409 when another price
    is valid on some of the days.
    """
    if body.valid_to is not None and body.valid_to < body.valid_from:
        raise Invalid("valid_to lies before valid_from.", pointer="/valid_to", code="before_start")
    if body.floor is not None and body.floor > body.unit_price.amount:
        raise Invalid("The floor lies above the price.", pointer="/floor", code="above_price")
    product = await commands.set_price(
        tx,
        product_id,
        expect=expect,
        unit_price=body.unit_price.amount,
        floor=body.floor,
        currency=body.unit_price.currency,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
    )
    return await _product_out(tx, by, product)


@router.put("/{product_id}/cost", dependencies=[permitted(SET_COST)])
async def set_cost(product_id: UUID, body: CostIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> ProductOut:
    """Say what one unit costs us. For finance, directors and admins, who alone see it.

    Margins of quotes are reckoned from it. The event tells that it changed, and not what it is.
    """
    amount, currency = (body.cost.amount, body.cost.currency) if body.cost else (None, None)
    return await _product_out(tx, by, await commands.set_cost(tx, product_id, expect=expect, cost=amount, currency=currency))


@router.put("/{product_id}/stock", dependencies=[permitted(SET_STOCK)])
async def set_stock(product_id: UUID, body: StockIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> ProductOut:
    """Say how much of it is in stock. For operations, and for other systems with the scope `stock:write`."""
    return await _product_out(tx, by, await commands.set_stock(tx, product_id, expect=expect, stock=body.stock))
