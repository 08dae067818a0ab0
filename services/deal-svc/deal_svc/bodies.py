"""What the request bodies of this service share."""

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from shared.money import Money


def _not_negative(money: Money) -> Money:
    if money.amount < 0:
        raise ValueError("an amount is not below 0")
    return money


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Worth = Annotated[Money, AfterValidator(_not_negative)]


class Body(BaseModel):
    """A field that we do not know is refused: it may be one that the caller counts on."""

    model_config = ConfigDict(extra="forbid")


class Act(Body):
    """Something that happened in the business."""

    at: Annotated[AwareDatetime | None, Field(description="When it happened, if not now; never in the future")] = None


NOW = Act()


class Because(Act):
    reason: Text
