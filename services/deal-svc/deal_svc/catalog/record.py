"""Products and the price book, as their tables keep them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from shared.stored import Stored


@dataclass(frozen=True, slots=True)
class Product:
    """`line` is the product line that figures are broken down by."""

    id: UUID
    version: int
    sku: Annotated[str, Stored(unique=True)]
    name: str
    line: str
    active: bool
    tax_percent: Annotated[Decimal, Stored(digits=(7, 4))]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Price:
    """The unit price from `valid_from` to `valid_to`, both days included.

    Without an end it holds until the next one begins.
    """

    id: UUID
    version: int
    product_id: Annotated[UUID, Stored(refers="product.id")]
    currency: str
    unit_price: Annotated[Decimal, Stored(digits=(18, 4))]
    valid_from: date
    valid_to: date | None
    created_at: datetime
    updated_at: datetime

    def on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)
