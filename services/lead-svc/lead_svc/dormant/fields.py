"""What is said of a drive, once: the body and the answer follow from it."""

from typing import Annotated

from pydantic import BaseModel, Field

from lead_svc.conditions.fields import Condition
from shared.fields import Text, Time


class Chosen(BaseModel):
    """Which dormant leads it is for: all of this must hold."""

    conditions: Annotated[tuple[Condition, ...], Field(max_length=20, description="What must be true of a lead, as in rules.")] = ()
    last_contact_before: Annotated[Time | None, Field(description="Nobody has contacted them since.")] = None


class DriveFields(BaseModel):
    offer: Annotated[Text | None, Field(description="What they are offered, in your own words.")] = None
    chosen: Annotated[Chosen, Field(description="Which leads, of those that were given up because nobody answered.")] = Chosen()
