"""What operations say of a product, and of a price."""

from typing import Annotated

from pydantic import BaseModel, Field

from shared.fields import Count, Day, Name, Short
from shared.money import Percent

TaxClass = Annotated[Short, Field(description="The code of a tax class of the policy, which says its percent")]
OwnTax = Annotated[Percent, Field(description="Follows from the tax class; a percent of its own where no class fits")]


class ProductFields(BaseModel):
    """Its tax stands beside them: what is needed of it differs."""

    name: Name
    line: Annotated[Name, Field(description="The product line that figures are broken down by")]
    family: Annotated[Name | None, Field(description="What it is grouped by in price lists and proposals")] = None
    unit: Annotated[Short | None, Field(description="What one of it is called, for example user, piece or day")] = None
    lead_days: Annotated[Count, Field(ge=0, le=3650, description="Calendar days from the order to the delivery")] = 0


class PriceFields(BaseModel):
    """From `valid_from` until `valid_to` or until the next one begins, both days included."""

    valid_from: Day
    valid_to: Day | None = None
