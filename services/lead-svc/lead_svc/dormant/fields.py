"""What is said of a drive, once: the body and the answer follow from it."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lead_svc.conditions.fields import Condition, LeadField, Op
from shared.fields import Text, Time


class Wanted(BaseModel):
    """One thing that must be true of a lead, as conditions of the policy say it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: LeadField
    op: Op
    values: Annotated[tuple[str | int, ...], Field(max_length=200, description="One of several is enough.")] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        try:
            self.condition()
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        return self

    def condition(self) -> Condition:
        return Condition(field=self.field, op=self.op, values=self.values)


class Chosen(BaseModel):
    """Which dormant leads it is for: all of this must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    conditions: Annotated[tuple[Wanted, ...], Field(max_length=20)] = ()
    last_contact_before: Annotated[Time | None, Field(description="Nobody has contacted them since.")] = None


class DriveFields(BaseModel):
    offer: Annotated[Text | None, Field(description="What they are offered, in your own words.")] = None
    chosen: Annotated[Chosen, Field(description="Which leads, of those that were given up because nobody answered.")] = Chosen()
