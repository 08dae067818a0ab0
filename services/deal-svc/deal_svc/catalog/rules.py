"""Products and the price book: one price per product, currency and day (D18)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from shared.errors import Unmet


@dataclass(frozen=True, slots=True)
class Product:
    """`line` is the product line that figures are broken down by."""

    id: UUID
    version: int
    sku: str
    name: str
    line: str
    active: bool
    tax_percent: Decimal
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Price:
    """The unit price from `valid_from` to `valid_to`, both days included; without an end, until the next one begins."""

    id: UUID
    version: int
    product_id: UUID
    currency: str
    unit_price: Decimal
    valid_from: date
    valid_to: date | None
    created_at: datetime
    updated_at: datetime

    def on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a new price goes: in the place of one that begins on the same day, ending the one that was in force."""

    replaces: Price | None
    ends: Price | None
    overlaps: list[Unmet]


def place(book: Sequence[Price], valid_from: date, valid_to: date | None) -> Placing:
    """Find the place in the book of one product and currency. Prices with an end of their own never give way."""
    replaces = next((p for p in book if p.valid_from == valid_from), None)
    ends = next((p for p in book if p.valid_to is None and p.valid_from < valid_from), None)
    others = [p for p in book if p not in (replaces, ends)]
    last = valid_to or date.max
    clash = [p for p in others if p.valid_from <= last and valid_from <= (p.valid_to or date.max)]
    return Placing(
        replaces,
        ends,
        [Unmet("price_overlap", f"There is a price from {p.valid_from} to {p.valid_to or 'further notice'}.") for p in clash],
    )


def day_before(day: date) -> date:
    return day - timedelta(days=1)
