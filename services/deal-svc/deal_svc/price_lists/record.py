"""Price lists as their table keeps them: one row per version, with its entries."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from shared.stored import Stored


class ListState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class PriceList:
    """One version of a list.

    It is for accounts of a level (null: for all), a channel of sales (null: for all), and one currency, from `valid_from` to `valid_to`,
    both days included. `entries` are `Entry` as JSON.
    """

    id: UUID
    version: int
    name: str
    revision: int
    state: ListState
    customer_level: Annotated[str | None, Stored(comment="the tier of the account; null for all")]
    channel: Annotated[str | None, Stored(comment="of sales; null for all")]
    currency: str
    valid_from: date
    valid_to: date | None
    entries: list[dict[str, Any]]
    created_by: UUID
    created_at: datetime
    updated_at: datetime

    def on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Entry:
    """What an active list says of a product. `tiers` are prices from a quantity on, `parts` what a bundle consists of."""

    list_id: UUID
    customer_level: str | None
    channel: str | None
    currency: str
    valid_from: date
    valid_to: date | None
    product_id: UUID
    unit_price: Decimal
    floor: Decimal | None
    tiers: list[dict[str, Any]]
    parts: list[dict[str, Any]]

    def on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def price_of(self, quantity: Decimal) -> tuple[Decimal, Decimal | None]:
        """The unit price of this quantity, and its floor: of the last tier that it reaches."""
        reached = [tier for tier in self.tiers if Decimal(tier["from_quantity"]) <= quantity]
        if not reached:
            return self.unit_price, self.floor
        floor = reached[-1]["floor"]
        return Decimal(reached[-1]["unit_price"]), None if floor is None else Decimal(floor)
