"""What people say of a quote, its lines and its payment terms.

Bodies, changes and answers have these fields by inheriting them.
"""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from shared.fields import PERSONAL, Count, Day, Short, Text
from shared.http.body import Body
from shared.money import Percent, Quantity


class LineFields(BaseModel):
    product_id: UUID
    quantity: Quantity
    discount_percent: Percent = Decimal(0)


class LineIn(LineFields, Body):
    """The unit price is the price book's; what is taken off it is a discount."""

    tax_percent: Annotated[Percent | None, Field(description="By default the product's")] = None


class TermFields(BaseModel):
    """One payment: a percentage of the total, due some days after the trigger, or on a date."""

    trigger: Literal["signed", "go_live", "accepted", "date"]
    percent: Percent
    due_days: Annotated[Count, Field(ge=0, le=3650)] = 30
    due_on: Annotated[Day | None, Field(description="With the trigger `date`, and only then")] = None


class TermIn(TermFields, Body):
    @model_validator(mode="after")
    def _dated(self) -> "TermIn":
        if (self.trigger == "date") != (self.due_on is not None):
            raise ValueError("Give due_on with the trigger `date`, and only then.")
        return self


class QuoteFields(BaseModel):
    """Lines, schedule and validity stand beside them: what is needed of those differs."""

    total_discount_percent: Annotated[Percent, Field(description="On top of the lines' own")] = Decimal(0)
    terms: Annotated[Short | None, Field(description="The name of the standard terms that it is under")] = None
    special_terms: Annotated[Text | None, PERSONAL, Field(description="What departs from the standard terms, in words")] = None
    note: Annotated[Text | None, PERSONAL] = None


Lines = Annotated[list[LineIn], Field(max_length=200)]
Schedule = Annotated[list[TermIn], Field(min_length=1, max_length=24)]
