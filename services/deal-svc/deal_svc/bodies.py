"""What the request bodies of this service share."""

from datetime import date
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from shared.as_text import AsText
from shared.http.body import Body
from shared.money import Money

T = TypeVar("T", bound=date)


def _not_negative(money: Money) -> Money:
    if money.amount < 0:
        raise ValueError("an amount is not below 0")
    return money


def _in_our_age(when: T) -> T:
    if not 1970 <= when.year <= 2200:
        raise ValueError("a year from 1970 to 2200")
    return when


Day = Annotated[date, AsText, AfterValidator(_in_our_age)]
Time = Annotated[AwareDatetime, AsText, AfterValidator(_in_our_age)]
"""Days and times that can be counted on from without leaving what a calendar holds."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Worth = Annotated[Money, AfterValidator(_not_negative)]


class Act(Body):
    """Something that happened in the business."""

    at: Annotated[Time | None, Field(description="When it happened, if not now; never in the future")] = None


NOW = Act()


class Because(Act):
    reason: Text
