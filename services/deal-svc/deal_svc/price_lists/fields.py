"""What operations say of a price list and its entries."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from shared.fields import Day, Name, Short
from shared.http.body import Body
from shared.money import Currency, Quantity, Unsigned

UnitAmount = Annotated[Unsigned, Field(description="In the list's currency; it may be finer than the smallest amount")]
Floor = Annotated[Unsigned | None, Field(description="The lowest unit price that needs no more than the ordinary authority")]


class Priced(Body):
    unit_price: UnitAmount
    floor: Floor = None


class VolumeTier(Priced):
    """The price from a quantity on."""

    from_quantity: Quantity


class BundlePart(Body):
    """What a bundle consists of. The bundle's price is shared out over its parts by `quantity` times `unit_price`."""

    product_id: UUID
    quantity: Quantity = Decimal(1)
    unit_price: UnitAmount


class EntryFields(Priced):
    """The price of a product; a bundle is a product that has parts."""

    product_id: UUID
    tiers: Annotated[list[VolumeTier], Field(max_length=20, description="In the order of their quantities")] = Field(default_factory=list)
    parts: Annotated[list[BundlePart], Field(max_length=50)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _in_order(self) -> "EntryFields":
        steps = [tier.from_quantity for tier in self.tiers]
        if steps != sorted(set(steps)):
            raise ValueError("Give the tiers in the order of their quantities, each quantity once.")
        priced: tuple[Priced, ...] = (self, *self.tiers)
        if any(p.floor is not None and p.floor > p.unit_price for p in priced):
            raise ValueError("A floor lies above its price.")
        if any(part.product_id == self.product_id for part in self.parts):
            raise ValueError("A bundle is no part of itself.")
        return self


Entries = Annotated[list[EntryFields], Field(max_length=2000)]


class ListFields(BaseModel):
    """For whom, and when: both days are included, and are days of the company's zone."""

    customer_level: Annotated[Short | None, Field(description="The tier of the accounts that it is for; by default for all")] = None
    channel: Annotated[Short | None, Field(description="The channel of sales that it is for; by default for all")] = None
    currency: Currency
    valid_from: Day
    valid_to: Day | None = None


ListName = Annotated[Name, Field(description="Its versions share it")]
