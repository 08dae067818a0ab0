"""Routes of the catalogue: everybody reads it, operations keep it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from deal_svc.catalog import commands, queries
from deal_svc.catalog.rules import Product
from deal_svc.catalog.tables import PRODUCTS
from shared.auth import Actor, CurrentActor, Role, require
from shared.db.tx import Reader
from shared.errors import Invalid, Unmet
from shared.fields import Day, Key, Name
from shared.http.actions import AllowedAction, actions
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import NOT_GIVEN
from shared.money import Money, Percent, Worth

router = APIRouter(prefix="/v1/products", tags=["products"], route_class=ClinchRoute)
KEEPERS = (Role.ops, Role.admin)
Kept = Depends(require(*KEEPERS))


class ProductIn(Body):
    sku: Annotated[Key, Field(max_length=64, description="What it is ordered by; unique, and stays")]
    name: Name
    line: Annotated[Name, Field(description="The product line that figures are broken down by")]
    tax_percent: Percent


class ProductPatch(Body):
    name: Name = NOT_GIVEN
    line: Name = NOT_GIVEN
    active: StrictBool = NOT_GIVEN
    tax_percent: Percent = NOT_GIVEN


class PriceIn(Body):
    """The unit price of one currency, from `valid_from` until `valid_to` or until the next one begins, both days included."""

    unit_price: Worth
    valid_from: Day
    valid_to: Day | None = None


class PriceOut(BaseModel):
    id: UUID
    unit_price: Money
    valid_from: date
    valid_to: date | None


class ProductOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    sku: str
    name: str
    line: str
    active: bool
    tax_percent: Percent
    prices: list[PriceOut]
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[AllowedAction]


async def _shown(db: Reader, by: Actor, products: Sequence[Product]) -> list[ProductOut]:
    prices: dict[UUID, list[PriceOut]] = {p.id: [] for p in products}
    for p in await db.all(queries.PRICES_OF, product_ids=list(prices)):
        shown = PriceOut(id=p.id, unit_price=Money(amount=p.unit_price, currency=p.currency), valid_from=p.valid_from, valid_to=p.valid_to)
        prices[p.product_id].append(shown)
    unmet = [] if by.has(*KEEPERS) else [Unmet("not_operations", "Only operations keep the catalogue.")]
    allowed = actions(update=unmet, set_price=unmet)
    return [
        ProductOut.model_validate(
            {**{n: getattr(p, n) for n in PRODUCTS.names}, "prices": prices[p.id], "allowed_actions": allowed}, from_attributes=True
        )
        for p in products
    ]


@router.post("", status_code=201, response_model=ProductOut, dependencies=[Kept])
async def create_product(body: ProductIn, tx: InTx, by: CurrentActor) -> Any:
    """Add a product. For operations. The SKU is unique and stays."""
    product = await commands.create(tx, sku=body.sku, name=body.name, line=body.line, tax_percent=body.tax_percent)
    return (await _shown(tx, by, [product]))[0]


@router.get("", response_model=Page[ProductOut])
async def list_products(page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor) -> Any:
    """Products with all their prices."""
    found = await queries.LIST.page(db, page)
    found.items = await _shown(db, by, found.items)
    return found


@router.get("/{product_id}", response_model=ProductOut)
async def get_product(product_id: UUID, db: Reading, by: CurrentActor) -> Any:
    """One product with all its prices."""
    return (await _shown(db, by, [await db.get(PRODUCTS, product_id)]))[0]


@router.patch("/{product_id}", response_model=ProductOut, dependencies=[Kept])
async def update_product(product_id: UUID, body: ProductPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """Rename, move to another line, change the tax, or retire (`active: false`: not for new quotes). For operations."""
    return (await _shown(tx, by, [await commands.edit(tx, product_id, expect=expect, changes=body.model_dump(exclude_unset=True))]))[0]


@router.put("/{product_id}/prices", response_model=ProductOut, dependencies=[Kept])
async def set_price(product_id: UUID, body: PriceIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """Put a price into the book. For operations.

    A price without an end that is in force ends the day before. One that begins on the same day is replaced. 409 when another price
    is valid on some of the days.
    """
    if body.valid_to is not None and body.valid_to < body.valid_from:
        raise Invalid("valid_to lies before valid_from.", pointer="/valid_to", code="before_start")
    product = await commands.set_price(
        tx,
        product_id,
        expect=expect,
        unit_price=body.unit_price.amount,
        currency=body.unit_price.currency,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
    )
    return (await _shown(tx, by, [product]))[0]
