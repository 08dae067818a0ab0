"""What operations say of a product, and of a price."""

from typing import Annotated

from pydantic import BaseModel, Field

from shared.fields import Day, Name
from shared.money import Percent


class ProductFields(BaseModel):
    name: Name
    line: Annotated[Name, Field(description="The product line that figures are broken down by")]
    tax_percent: Percent


class PriceFields(BaseModel):
    """From `valid_from` until `valid_to` or until the next one begins, both days included."""

    valid_from: Day
    valid_to: Day | None = None
