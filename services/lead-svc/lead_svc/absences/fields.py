"""What people say of an absence, once: bodies and answers follow from it."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from shared.fields import Day

LONGEST = timedelta(days=731)
"""Each of its days is looked at: what would have no end is a slip of the pen."""


class AbsenceFields(BaseModel):
    """Days where the company is."""

    first_day: Day
    last_day: Annotated[Day, Field(description="The last day that they are away; included.")]

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError("the last day must not come before the first one")
        if self.last_day - self.first_day > LONGEST:
            raise ValueError("an absence lasts up to two years; enter what comes after as another one")
        return self
