"""Products and the price book, as their tables keep them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, TypedDict
from uuid import UUID

from shared.stored import Stored


class Costing(TypedDict):
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Product:
    """`line` is the product line that figures are broken down by.

    `tax_percent` is what was said last of its tax: with a `tax_class`, the policy says what it is today (`rules.tax_of`). `cost` is what
    one unit costs us; it is in no event.
    """

    id: UUID
    version: int
    sku: Annotated[str, Stored(unique=True)]
    name: str
    line: str
    active: bool
    tax_percent: Annotated[Decimal, Stored(digits=(7, 4))]
    tax_class: Annotated[str | None, Stored(comment="a class of the policy, which says its percent; null for a percent of its own")]
    unit: Annotated[str | None, Stored(comment="what one of it is called, such as user or day")]
    family: str | None
    lead_days: Annotated[int, Stored(default="0", comment="calendar days from the order to the delivery")]
    stock: Annotated[Decimal | None, Stored(digits=(18, 4), comment="null where nobody counts it")]
    cost: Annotated[Decimal | None, Stored(digits=(18, 4), comment="of one unit, in cost_currency")]
    cost_currency: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def costing(self) -> Costing | None:
        """What one unit costs us, where somebody has said so."""
        return Costing(amount=self.cost, currency=self.cost_currency) if self.cost is not None and self.cost_currency else None


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
    floor: Annotated[Decimal | None, Stored(digits=(18, 4), comment="the lowest unit price that needs no more than the ordinary authority")]
    valid_from: date
    valid_to: date | None
    created_at: datetime
    updated_at: datetime

    def on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)
