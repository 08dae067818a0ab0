"""What people say of a quote, its lines and its payment terms.

Bodies, changes and answers have these fields by inheriting them.
"""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StrictBool, model_validator

from shared.fields import PERSONAL, Count, Day, Name, Short, Text
from shared.http.body import Body
from shared.money import Percent, Quantity, Unsigned


class LineFields(BaseModel):
    product_id: UUID
    quantity: Quantity
    periods: Annotated[Quantity | None, Field(description="For how many periods each unit is paid, such as 12 months; by default one")] = (
        None
    )
    discount_percent: Percent = Decimal(0)
    discount_amount: Annotated[Unsigned | None, Field(description="What is taken off the line, in place of a percent")] = None
    optional: Annotated[StrictBool, Field(description="Offered beside the others: not in the totals until it is chosen")] = False
    chosen: StrictBool = False


class LineIn(LineFields, Body):
    """The unit price is the price book's; what is taken off it is a discount."""

    tax_percent: Annotated[Percent | None, Field(description="By default the product's")] = None

    @model_validator(mode="after")
    def _one_discount(self) -> "LineIn":
        if self.discount_amount is not None and self.discount_percent:
            raise ValueError("Take off a percent or an amount, not both.")
        return self


class TermFields(BaseModel):
    """One payment, due some days after the trigger, or on a date.

    `percent` of the total, an `amount`, or neither: such terms share equally what the amounts leave of the total.
    """

    trigger: Literal["signed", "go_live", "accepted", "date"]
    percent: Percent | None = None
    amount: Annotated[Unsigned | None, Field(description="In the quote's currency")] = None
    due_days: Annotated[Count, Field(ge=0, le=3650)] = 30
    due_on: Annotated[Day | None, Field(description="With the trigger `date`, and only then")] = None


class TermIn(TermFields, Body):
    @model_validator(mode="after")
    def _dated(self) -> "TermIn":
        if (self.trigger == "date") != (self.due_on is not None):
            raise ValueError("Give due_on with the trigger `date`, and only then.")
        if self.percent is not None and self.amount is not None:
            raise ValueError("Give a percent or an amount, not both.")
        return self


class QuoteParty(Body):
    """A company as a quote names it: the buyer or the seller."""

    name: Name
    address: Text | None = None
    tax_number: Short | None = None
    bank: Annotated[Short | None, Field(description="Name of the bank and number of the account")] = None


class TotalDiscount(BaseModel):
    total_discount_percent: Annotated[Percent, Field(description="On top of the lines' own")] = Decimal(0)
    total_discount_amount: Annotated[Unsigned | None, Field(description="In place of a percent")] = None


class QuoteFields(TotalDiscount):
    """Lines, schedule and validity stand beside them: what is needed of those differs."""

    delivery_on: Annotated[
        Day | None, Field(description="The day of delivery that is promised; not before the lead times of the products")
    ] = None
    buyer: Annotated[QuoteParty | None, PERSONAL, Field(description="By default the deal's account")] = None
    seller: Annotated[QuoteParty | None, PERSONAL, Field(description="By default the company of the policy")] = None
    channel: Annotated[Short | None, Field(description="The channel of sales, which price lists go by")] = None
    terms: Annotated[Short | None, Field(description="The name of the standard terms that it is under")] = None
    special_terms: Annotated[Text | None, PERSONAL, Field(description="What departs from the standard terms, in words")] = None
    note: Annotated[Text | None, PERSONAL] = None


Lines = Annotated[list[LineIn], Field(max_length=200)]


def _alike(schedule: list[TermIn]) -> list[TermIn]:
    if len({term.percent is None for term in schedule}) > 1:
        raise ValueError("Give all terms a percent, or none.")
    return schedule


Schedule = Annotated[list[TermIn], Field(min_length=1, max_length=60), AfterValidator(_alike)]
